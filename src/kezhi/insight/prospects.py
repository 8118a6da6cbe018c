"""What is known of customers beside their purchases, as growth potential is told by it.

Attributes that tell customers alike, the yearly demand they stated, what their open needs come to at list
prices, and what the last search for offers expects of them.
"""

from __future__ import annotations

import hashlib
from datetime import date

import numpy as np
import pyarrow as pa
from django.db.models import F, FloatField, Sum
from django.db.models.functions import Cast
from numpy.typing import NDArray

from kezhi.customers.models import Customer, Need
from kezhi.insight.copying import copied_rows
from kezhi.insight.models import Offer, OfferRun

ATTRIBUTES = ("industry", "region", "form")
"""Fields of the customer by which its peers are found."""
OF_TODAY = ("asked", "offered")
"""Nobody knows what was asked and offered on a day of the past."""
WORDS = pa.dictionary(pa.int32(), pa.string())
SUMS = {"customer": pa.int64(), "amount": pa.float64()}


def read_prospects(until: date) -> tuple[pa.Table, str]:
    """A row per customer as `kezhi.value.facts.Facts.prospects`, and a fingerprint of what lasts of it.

    Offers are no part of the fingerprint: they follow from a run, and a day would never be measured from
    the same facts twice.
    """
    rows = Customer.objects.order_by("pk").values_list("pk", *ATTRIBUTES, "yearly_demand")
    kinds = {"customer": pa.int64(), **dict.fromkeys(ATTRIBUTES, WORDS), "stated": pa.float64()}
    table = copied_rows(rows, kinds, has_texts=True)
    mark = hashlib.sha256(table["customer"].to_numpy().tobytes())
    for name in ATTRIBUTES:
        for part in table[name].unify_dictionaries().chunks:
            mark.update(repr(part.dictionary.to_pylist()).encode())
            mark.update(part.indices.to_numpy(zero_copy_only=False).tobytes())
    mark.update(np.nan_to_num(_floats(table["stated"])).tobytes())
    ids = table["customer"].to_numpy()
    search = OfferRun.objects.current()
    figures = search.figures if search is not None else {}
    asked = _placed(ids, _asked(until))
    mark.update(np.nan_to_num(asked).tobytes())
    table = table.append_column("asked", pa.array(asked))
    # Without knowing what new products get anyway, nobody can say what offers add.
    if search is not None and figures.get("usual_share") is not None:
        table = table.append_column("offered", pa.array(_placed(ids, _offered(search))))
        about = {"usual_share": figures["usual_share"], "offer_days": figures["window_days"]}
        table = table.replace_schema_metadata({k: str(v) for k, v in about.items()})
    return table, mark.hexdigest()[:32]


def as_in_the_past(table: pa.Table | None) -> pa.Table | None:
    """For a day gone by: without what only today's customers asked for and are offered."""
    if table is None:
        return None
    return table.drop_columns([name for name in OF_TODAY if name in table.column_names])


def _asked(until: date) -> pa.Table:
    needs = Need.objects.open().filter(
        raised_on__lte=until, quantity__gt=0, product__list_price__gt=0
    )
    amount = Cast(F("quantity") * F("product__list_price"), FloatField())
    rows = needs.values("customer_id").annotate(amount=Sum(amount)).order_by("customer_id")
    return copied_rows(rows.values_list("customer_id", "amount"), SUMS)


def _offered(search: OfferRun) -> pa.Table:
    offers = Offer.objects.filter(offer_run=search).values("customer_id")
    rows = offers.annotate(amount=Sum("expected")).order_by("customer_id")
    return copied_rows(rows.values_list("customer_id", "amount"), SUMS)


def _placed(ids: NDArray[np.int64], sums: pa.Table) -> NDArray[np.float64]:
    found = np.full(len(ids), np.nan)
    own = sums["customer"].to_numpy()
    place = np.searchsorted(ids, own)
    known = place < len(ids)
    known[known] = ids[place[known]] == own[known]
    found[place[known]] = _floats(sums["amount"])[known]
    return found


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    return np.asarray(column.to_numpy(), dtype=np.float64)
