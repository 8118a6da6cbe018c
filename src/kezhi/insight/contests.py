"""By which attribute of the customers the contest of models is held apart, and which model foretold whom."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kezhi.customers.models import Customer
from kezhi.insight.copying import copied_rows
from kezhi.insight.models import ValueRun
from kezhi.insight.naming import Label, model_label
from kezhi.value.kept_models import clock_of, model_of, own_segments
from kezhi.value.measure import Settings
from kezhi.value.potential.continuation import Horizon
from kezhi.value.reading import EPOCH

Plain = Mapping[str, Any]

ATTRIBUTES: dict[str, Promise] = {
    "industry": gettext_lazy("Industry"),
    "region": pgettext_lazy("address", "Province or region"),
    "city": gettext_lazy("City"),
    "form": pgettext_lazy("customer form", "Company or person"),
    "source": pgettext_lazy("customer", "Source"),
}
"""Fields of the customer that tell segments apart; whoever has none is foretold by the model of all."""
WIDTHS = {"customer": pa.int64(), "segment": pa.string()}


def read_segments(by: str) -> tuple[pa.Table | None, str]:
    """What each customer is today, and a fingerprint of it; None where contests aren't held apart."""
    if by not in ATTRIBUTES:
        return None, ""
    rows = Customer.objects.exclude(**{by: ""}).order_by("pk").values_list("pk", by)
    table = copied_rows(rows, WIDTHS, has_texts=True)
    words = pc.dictionary_encode(table["segment"]).combine_chunks()
    mark = hashlib.sha256(repr((by, words.dictionary.to_pylist())).encode())
    mark.update(table["customer"].to_numpy().tobytes())
    mark.update(words.indices.to_numpy(zero_copy_only=False).tobytes())
    return table, mark.hexdigest()[:32]


def kept_model(run: ValueRun, segment: str = "") -> Plain:
    """Name, parameters and diagnostics of what foretold the customers of a segment at the run."""
    return model_of(run.parameters.get("model") or {}, segment)


def apart(run: ValueRun) -> tuple[str, ...]:
    """Segments that something else than the model of all customers foretold at the run."""
    return own_segments(run.parameters.get("model") or {})


def of_part(run: ValueRun, segment: str) -> Q:
    """The snapshots of a segment that stands apart; "": of all other customers."""
    return Q(segment=segment) if segment else ~Q(segment__in=apart(run))


def horizon_of(run: ValueRun, months: float, rate: float, *, later: int = 0) -> Horizon:
    """So far ahead from the day of the run, or so many days later, by the clock that the run counted by."""
    unit = run.value_settings.rules.get("unit", Settings().unit)
    day = (run.as_of - EPOCH).days + later
    clock = clock_of(run.parameters.get("model") or {}, day)
    return Horizon.of_months(months, unit, rate, clock=clock, day=day)


def segment_label(by: str, segment: str) -> Label:
    """The name of a segment as people know it."""
    if by == "form":
        return dict(Customer.Form.choices).get(segment, segment)
    return segment


def model_words(run: ValueRun) -> str:
    """The model of the run; where segments have others, that too."""
    chosen = str(model_label(run.chosen_model))
    by = ATTRIBUTES.get(run.value_settings.rules.get("segment_by", ""))
    if by is None or not apart(run):
        return chosen
    shown = {"model": chosen, "attribute": by}
    return _("%(model)s, other models for some (%(attribute)s)") % shown
