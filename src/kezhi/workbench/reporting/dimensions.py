"""By what records can be grouped, as this actor may know them, and what each group means for a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, ExpressionWrapper, F, Func, OuterRef, Q, Value, When
from django.db.models.functions import Cast, NullIf, TruncDate
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from kezhi.core.actor import Access, Scope
from kezhi.records import Field, FieldKind, Kind
from kezhi.records.fields import Label
from kezhi.workbench.customizing.building import expression_of
from kezhi.workbench.filtering import Asking, Question
from kezhi.workbench.filtering.ownership import MODELS
from kezhi.workbench.filtering.questions import questions_of
from kezhi.workbench.filtering.related import Way, links_of, way_to
from kezhi.workbench.models import Tagging
from kezhi.workbench.operands import Unusable

K = FieldKind
DAYS = (K.DATE, K.MOMENT)
GROUPABLE = frozenset(
    {K.TEXT, K.CODE, K.CHOICE, K.MULTI_CHOICE, K.TAGS, K.TIER, K.PERSON, K.LINK, K.BOOLEAN, *DAYS}
    | {kind for kind in FieldKind if kind.is_number}
)
SEVERAL = (K.TAGS, K.MULTI_CHOICE)
GRAINS: dict[str, Label] = {
    "day": pgettext_lazy("group of days", "by day"),
    "week": pgettext_lazy("group of days", "by week"),
    "month": pgettext_lazy("group of days", "by month"),
    "quarter": pgettext_lazy("group of days", "by quarter"),
    "year": pgettext_lazy("group of days", "by year"),
}
USUAL_GRAIN = "month"
# Where bands begin. Numbers that end at 1 or 100 have even bands; amounts grow tenfold.
TENTHS = tuple(Decimal(n) / 10 for n in range(1, 10))
TENS = tuple(Decimal(n * 10) for n in range(1, 10))
TENFOLD = tuple(Decimal(n) for n in (0, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000))
EDGES: dict[FieldKind, tuple[Decimal, ...]] = {
    K.SCORE: TENS,
    K.SHARE: TENTHS,
    K.PROBABILITY: TENTHS,
    K.RATIO: tuple(Decimal(n) / 2 for n in (1, 2, 3, 4, 6, 10)),
    K.INTEGER: tuple(Decimal(n) for n in (1, 2, 3, 5, 10, 20, 50, 100, 1_000)),
    K.MONEY: TENFOLD,
    K.QUANTITY: TENFOLD,
}


@dataclass(frozen=True)
class Dimension:
    """One way of grouping; `shown` is whether a row's record at the way's end may be seen, None: always."""

    way: Way
    grain: str = ""
    shown: Any = None
    edges: tuple[Decimal, ...] = field(default=(), compare=False)

    @property
    def field(self) -> Field:
        return self.way.field

    @property
    def name(self) -> str:
        return self.way.name

    @property
    def key(self) -> str:
        """As the address says it."""
        return f"{self.name}.{self.grain}" if self.grain else self.name

    @property
    def label(self) -> str:
        if self.grain:
            return f"{self.way.label} {GRAINS[self.grain]}"
        return self.way.label

    @property
    def is_time(self) -> bool:
        return self.field.kind in DAYS

    @property
    def is_several(self) -> bool:
        """Whether one record can stand in several groups."""
        return self.field.kind in SEVERAL

    @property
    def is_ordered(self) -> bool:
        """Whether the groups have an order of their own, and aren't ranked by the measure."""
        return self.is_time or bool(self.edges) or self.field.kind is K.TIER

    def expression(self, alias: str, asking: Asking) -> Any:
        """What the rows are grouped by; NULL where there is nothing, or nothing that may be seen.

        `alias` is where the rows have the `entry`.
        """
        if self.field.kind is K.TAGS:
            tags = Tagging.objects.filter(
                kind=self.way.kind.name, object_id=OuterRef(f"{self.way.prefix}pk")
            )
            return _each(ArraySubquery(tags.order_by("tag_id").values("tag_id")), self.shown)
        if self.field.kind is K.MULTI_CHOICE:
            return _each(F(alias), self.shown)
        plain = self._plain(alias, asking)
        if self.shown is None:
            return plain
        return Case(When(self.shown, then=plain), default=Value(None))

    def _plain(self, alias: str, asking: Asking) -> Any:
        kind, own = self.field.kind, F(alias)
        if kind is K.DATE:
            return Cast(own, models.DateField())
        if kind is K.MOMENT:
            return TruncDate(own, tzinfo=asking.zone)
        if kind is K.BOOLEAN:
            return Cast(own, models.IntegerField())
        if self.edges:
            return _band(alias, self.edges)
        if kind in (K.TEXT, K.CODE, K.CHOICE, K.TIER) and not self._is_owner:
            return NullIf(Cast(own, models.TextField()), Value("", output_field=models.TextField()))
        return Cast(own, models.BigIntegerField())

    @property
    def _is_owner(self) -> bool:
        return isinstance(self.field, Question) and self.field.name in MODELS

    @property
    def entry(self) -> Any:
        """What the record holds; for tags, which it doesn't hold itself, its id."""
        if self.field.kind is K.TAGS:
            return F(f"{self.way.prefix}pk")
        return entry_of(self.way)


def entry_of(way: Way) -> Any:
    prefix, own = way.prefix, way.field
    if not prefix and own.expression is not None:
        return own.expression
    if not own.is_custom:
        return F(f"{prefix}{own.path}")
    return expression_of(own.name, own.kind, f"{prefix}custom")


def _each(entries: Any, shown: Any) -> Any:
    """One row for each entry, one with NULL for none."""
    nothing = Func(Value(None), template="ARRAY[%(expressions)s]::text[]")
    texts = Cast(entries, ArrayField(models.TextField()))
    none = Value([], output_field=ArrayField(models.TextField()))
    whole: Any = Func(
        NullIf(texts, none),
        nothing,
        function="COALESCE",
        output_field=ArrayField(models.TextField()),
    )
    if shown is not None:
        whole = Case(When(shown, then=whole), default=nothing)
    return Func(whole, function="unnest", output_field=models.TextField())


def _band(path: str, edges: Sequence[Decimal]) -> Any:
    """The number of the band; compared as the filters compare, so that a list finds the same records."""
    whens = [
        When(**{f"{path}__lt": edge, "then": Value(place)}) for place, edge in enumerate(edges)
    ]
    return Case(
        When(**{f"{path}__isnull": True, "then": Value(None)}),
        *whens,
        default=Value(len(edges)),
        output_field=models.IntegerField(null=True),
    )


def dimension(kind: Kind, text: str, asking: Asking) -> Dimension:
    """The dimension that an address names, for a kind as its actor knows it; `Unusable` for none."""
    name, _dot, grain = text.partition(".")
    way = way_to(kind, name, asking.actor)
    if way is None or not _is_usable(way.field) or not is_reached(way):
        known = way.field.label if way else name[:40]
        raise Unusable(_("This can’t be grouped by “%(field)s”.") % {"field": known})
    if way.field.kind in DAYS:
        if grain not in GRAINS:
            grain = USUAL_GRAIN
    elif grain:
        raise Unusable(_("This can’t be grouped by “%(field)s”.") % {"field": way.label})
    edges = EDGES.get(way.field.kind, TENFOLD) if way.field.is_number else ()
    return Dimension(way, grain, shown_of(way, asking), edges)


def _is_usable(field: Field) -> bool:
    if isinstance(field, Question):
        return field.name in MODELS
    # What can't be filtered by is masked, or its groups could not be opened.
    return field.kind in GROUPABLE and field.is_filterable and field.access >= Access.READ


def usable(kind: Kind, asking: Asking) -> list[Way]:
    """All that these records can be grouped by: their own fields, and those of what they point to."""
    own = [Way(kind, (), each) for each in _fields(kind, asking)]
    further = [
        Way(kind, (hop,), each)
        for hop in links_of(kind, asking.actor)
        for each in _fields(hop.kind, asking)
        if not isinstance(each, Question)
    ]
    twice = [
        Way(kind, (hop, second), each)
        for hop in links_of(kind, asking.actor)
        for second in links_of(hop.kind, asking.actor)
        if second.kind.name not in (kind.name, *(h.kind.name for h in links_of(kind, asking.actor)))
        for each in _fields(second.kind, asking)
        if not isinstance(each, Question)
    ]
    return [*own, *(way for way in (*further, *twice) if is_reached(way))]


def is_reached(way: Way) -> bool:
    """What a record works out from its own columns is known of itself, not of what points to it."""
    return not way.hops or way.field.is_custom or way.field.expression is None


def _fields(kind: Kind, asking: Asking) -> list[Field]:
    every = [*kind.fields, *questions_of(kind, asking.actor)]
    return [each for each in every if _is_usable(each)]


def shown_of(way: Way, asking: Asking) -> Any:
    """Whether the records along the way may be seen, row by row; None where all of them may."""
    parts = Q()
    path = ""
    links = [*way.hops]
    if way.field.kind is K.LINK and not isinstance(way.field, Question):
        links += [
            hop for hop in links_of(way.kind, asking.actor) if hop.link.name == way.field.name
        ]
        if way.field.expression is not None or not links:
            return None
    for hop in links:
        path += f"{hop.link.path}__"
        scope = asking.actor.scope("read", hop.kind.name)
        if scope is Scope.ALL or _follows(hop.kind):
            continue
        rows = hop.kind.visible_to(asking.actor).values("pk")
        own = path.removesuffix("__")
        parts &= Q(**{f"{own}__in": rows}) | Q(**{f"{own}__isnull": True})
    if not parts:
        return None
    return ExpressionWrapper(parts, output_field=models.BooleanField())


def _follows(kind: Kind) -> bool:
    """Whether a kind has no owners: who reads it reads all of it."""
    rows: Any = type(kind.model._default_manager.all())
    return not hasattr(rows, "owner_path")


def starts(day: date, grain: str) -> date:
    """The first day of the group that a day belongs to."""
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1) if grain == "year" else day


def following(first: date, grain: str) -> date:
    """The first day of the next group."""
    if grain == "day":
        return first + timedelta(days=1)
    if grain == "week":
        return first + timedelta(days=7)
    months = {"month": 1, "quarter": 3, "year": 12}[grain]
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)
