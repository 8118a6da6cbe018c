"""What is counted, added up or averaged, as far as this actor may read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Case, F, Value, When
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kezhi.core.actor import Access
from kezhi.records import Field, FieldKind, Kind
from kezhi.workbench.filtering import Asking, Question
from kezhi.workbench.filtering.related import Way, links_of, way_to
from kezhi.workbench.operands import Unusable
from kezhi.workbench.reporting.dimensions import entry_of, shown_of

K = FieldKind
COUNT, SHARE, DISTINCT = "count", "share", "distinct"
# Adding up a score or a probability says nothing.
ADDABLE = (K.MONEY, K.QUANTITY, K.INTEGER)
COUNTABLE = (K.LINK, K.PERSON, K.TEXT, K.CODE, K.CHOICE, K.TIER)
FUNCTIONS = frozenset({COUNT, "sum", "avg", "min", "max", DISTINCT, SHARE})


@dataclass(frozen=True)
class Measure:
    """A function and the field it is of; without a way it is about the records themselves."""

    function: str
    way: Way | None = None
    shown: Any = None

    @property
    def key(self) -> str:
        return f"{self.function}.{self.way.name}" if self.way else self.function

    @property
    def field(self) -> Field | None:
        return self.way.field if self.way else None

    @property
    def kind(self) -> FieldKind:
        """How its figures are written."""
        if self.function == SHARE:
            return K.SHARE
        if self.way is None or self.function == DISTINCT:
            return K.INTEGER
        is_mean = self.function == "avg" and self.way.field.kind is K.INTEGER
        return K.RATIO if is_mean else self.way.field.kind

    @property
    def is_predicted(self) -> bool:
        return self.way is not None and self.way.field.is_predicted and self.function != DISTINCT

    @property
    def is_additive(self) -> bool:
        """Whether parts of a bar can stand on each other."""
        return self.function in (COUNT, "sum", SHARE)

    def label(self, kind: Kind) -> str:
        records = str(kind.label_plural)
        if self.way is None:
            if self.function == SHARE:
                return _("Share of all %(records)s") % {"records": records}
            return _("Number of %(records)s") % {"records": records}
        words = {
            "sum": pgettext("measure", "%(field)s, total"),
            "avg": pgettext("measure", "%(field)s, mean"),
            "min": pgettext("measure", "%(field)s, smallest"),
            "max": pgettext("measure", "%(field)s, largest"),
            DISTINCT: pgettext("measure", "%(field)s, how many different"),
            SHARE: pgettext("measure", "%(field)s, share of the total"),
        }
        return words[self.function] % {"field": self.way.label}

    def entry(self, alias: str) -> Any:
        """What is added up or told apart; NULL where it may not be seen."""
        if self.way is None:
            return Value(None, output_field=models.DecimalField(max_digits=30, decimal_places=6))
        plain: Any = F(alias)
        if self.function == DISTINCT:
            plain = Cast(plain, models.TextField())
        if self.shown is None:
            return plain
        return Case(When(self.shown, then=plain), default=Value(None))

    @property
    def source(self) -> Any:
        return entry_of(self.way) if self.way else None


def measure(kind: Kind, text: str, asking: Asking) -> Measure:
    """The measure that an address names; `Unusable` when there is none that this actor may know."""
    function, _dot, name = text.partition(".")
    if function in (COUNT, SHARE) and not name:
        return Measure(function)
    way = way_to(kind, name, asking.actor) if function in FUNCTIONS and name else None
    if way is None or function not in functions_of(way):
        known = way.label if way else text[:40]
        raise Unusable(_("“%(field)s” can’t be measured like that.") % {"field": known})
    return Measure(function, way, shown_of(way, asking))


def functions_of(way: Way) -> tuple[str, ...]:
    """What may be asked of a field: a related record's figure isn't added up, it would count twice."""
    field = way.field
    if field.access < Access.READ:
        return ()
    if field.is_number:
        if way.hops:
            return ("avg", "min", "max")
        means = ("avg", "min", "max")
        return ("sum", *means, SHARE) if field.kind in ADDABLE else means
    if isinstance(field, Question):
        return (DISTINCT,) if field.name == "owner" else ()
    return (DISTINCT,) if field.kind in COUNTABLE and field.is_filterable else ()


def usable(kind: Kind, asking: Asking) -> list[tuple[str, Way]]:
    """All measures of a kind beside counting: function and field."""
    own = [Way(kind, (), each) for each in kind.fields]
    further = [
        Way(kind, (hop,), each)
        for hop in links_of(kind, asking.actor)
        for each in hop.kind.fields
        if each.is_number
    ]
    return [(function, way) for way in (*own, *further) for function in functions_of(way)]
