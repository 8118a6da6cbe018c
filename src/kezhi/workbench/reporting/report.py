"""A report answered: its figures, its groups in words, what it is compared with, and the lists behind it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from kezhi.records import FieldKind, Kind, registry
from kezhi.workbench import operands
from kezhi.workbench.filtering import Asking, Criterion, Filter
from kezhi.workbench.filtering.related import field_of
from kezhi.workbench.operands import Unusable
from kezhi.workbench.reporting import dimensions as dimensions_
from kezhi.workbench.reporting import measures as measures_
from kezhi.workbench.reporting.computing import Figures, Group, compute, shared
from kezhi.workbench.reporting.dimensions import Dimension
from kezhi.workbench.reporting.groups import Bucket, buckets
from kezhi.workbench.reporting.measures import Measure
from kezhi.workbench.reporting.spec import Spec

MONTHS = re.compile(r"-?\d+[my]")


class NoSuchKind(LookupError):
    """There is no such kind of record for this actor."""


@dataclass(frozen=True)
class Period:
    """The days that count, both included, by one date of the records."""

    field: str
    label: str
    first: date
    last: date
    months: int = 0  # of the whole of which these are the days until today

    @property
    def condition(self) -> str:
        return f"{self.field}.within.{self.first.isoformat()}..{self.last.isoformat()}"

    def before(self, compare: str) -> Period:
        """As long, just before; or the same days of the year before."""
        if compare == "year":
            return replace(self, first=_a_year_before(self.first), last=_a_year_before(self.last))
        days = (self.last - self.first).days + 1
        if self.months:
            first = _months_before(self.first, self.months)
            last = min(first + timedelta(days=days), self.first) - timedelta(days=1)
            return replace(self, first=first, last=last)
        if months := _whole_months(self.first, self.last):
            first = _months_before(self.first, months)
            return replace(self, first=first, last=self.first - timedelta(days=1))
        return replace(
            self, first=self.first - timedelta(days=days), last=self.first - timedelta(days=1)
        )


@dataclass(frozen=True)
class Answer:
    """A report as somebody may see it. `problems` are sentences; while there are any, nothing was asked."""

    spec: Spec
    kind: Kind
    asking: Asking
    measures: tuple[Measure, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    period: Period | None = None
    problems: tuple[str, ...] = ()
    action: str = "read"
    filter: Filter | None = field(default=None, compare=False)

    # ---- figures ----

    @cached_property
    def figures(self) -> Figures:
        return self._computed(self.period, self.dimensions)

    @cached_property
    def before(self) -> Figures | None:
        """The same of the period that is compared with, by the first dimension unless it is a time."""
        if not self.spec.compare or self.period is None:
            return None
        kept = [each for each in self.dimensions[:1] if not each.is_time]
        return self._computed(self.period.before(self.spec.compare), kept, most=True)

    def _computed(
        self, period: Period | None, dimensions: Sequence[Dimension], *, most: bool = False
    ) -> Figures:
        if self.problems or self.filter is None:
            return Figures(tuple(() for _each in dimensions), {})
        rows = self.filter.apply(self.kind.visible_to(self.asking.actor, self.action))
        if period is not None:
            during = Filter.of(self.kind, self.asking, conditions=[period.condition])
            rows = during.apply(rows)
        top = 1000 if most else self.spec.top
        figures = compute(rows, self.measures, dimensions, self.asking, top)
        if any(each.is_several for each in dimensions):
            figures = self._counted_once(figures, rows, dimensions)
        return shared(figures, self.measures)

    def _counted_once(
        self, figures: Figures, rows: Any, dimensions: Sequence[Dimension]
    ) -> Figures:
        """A record with several tags stands in each of their groups, but once in the totals."""
        once = [each for each in dimensions if not each.is_several]
        whole = compute(rows, self.measures, once, self.asking, self.spec.top)
        cells, counts = dict(figures.cells), dict(figures.counts)
        for key in whole.cells:
            told = iter(key)
            full = tuple(None if each.is_several else next(told) for each in dimensions)
            cells[full], counts[full] = whole.cells[key], whole.counts[key]
        return replace(figures, cells=cells, counts=counts, rows=whole.rows)

    @cached_property
    def buckets(self) -> tuple[list[Bucket], ...]:
        beyond = self.figures.beyond or (0,) * len(self.dimensions)
        return tuple(
            buckets(each, groups, self.asking, more)
            for each, groups, more in zip(self.dimensions, self.figures.groups, beyond, strict=True)
        )

    def change_of(self, bucket: Bucket | None, measure: int = 0) -> Decimal | None:
        """By how much of itself a figure grew since the period before; None where that isn't known."""
        now, then = self.now_and_before(bucket, measure)
        if now is None or not then or self.measures[measure].kind is FieldKind.SHARE:
            return None
        return (Decimal(now) - Decimal(then)) / abs(Decimal(then))

    def now_and_before(self, bucket: Bucket | None, measure: int = 0) -> tuple[Any, Any]:
        here = bucket.group if bucket else None
        now = self.figures.at(*self._padded(here, len(self.dimensions)), measure=measure)
        if self.before is None or (bucket is not None and bucket.is_others):
            return now, None
        then = self.before.at(*self._padded(here, len(self.before.groups)), measure=measure)
        return now, then

    @staticmethod
    def _padded(group: Group | None, many: int) -> tuple[Group | None, ...]:
        return (group, *[None] * (many - 1)) if many else ()

    # ---- what stands behind ----

    def drill(self, *groups: Bucket | None) -> str:
        """The address of the list with exactly the records of a cell; nothing when no list could."""
        conditions = [*self.spec.conditions]
        if self.period is not None:
            conditions.append(self.period.condition)
        for bucket in groups:
            if bucket is None:
                continue
            if bucket.conditions is None:
                return ""
            conditions += bucket.conditions
        unique = list(dict.fromkeys(conditions))
        # An empty `w` says that no filter is meant, not the list's first view.
        query = urlencode([("w", condition) for condition in unique or [""]])
        return f"/{self.kind.address}/?{query}"

    @property
    def is_empty(self) -> bool:
        return not self.problems and self.figures.rows == 0

    @property
    def is_capped(self) -> bool:
        return any(more > 0 for more in self.figures.beyond)

    @property
    def measure(self) -> Measure:
        return self.measures[0]

    @property
    def counts_several(self) -> bool:
        return any(each.is_several for each in self.dimensions)


def answer(spec: Spec, asking: Asking, action: str = "read") -> Answer:
    """The report for this actor; raises `NoSuchKind` for records that they may not read."""
    if spec.kind not in registry or not asking.actor.may(action, spec.kind):
        raise NoSuchKind(spec.kind)
    kind = registry[spec.kind].seen_by(asking.actor)
    problems: list[str] = []
    measures, dimensions = [], []
    for text in spec.measures:
        try:
            measures.append(measures_.measure(kind, text, asking))
        except Unusable as reason:
            problems.append(str(reason))
    for text in spec.dimensions:
        try:
            dimensions.append(dimensions_.dimension(kind, text, asking))
        except Unusable as reason:
            problems.append(str(reason))
    if sum(each.is_several for each in dimensions) > 1:
        problems.append(_("Only one of the two can be something of which a record has several."))
    filter_ = Filter.of(kind, asking, conditions=spec.conditions)
    problems += filter_.problems
    period = None
    try:
        period = period_of(kind, spec.during, asking, spec.compare)
    except Unusable as reason:
        problems.append(str(reason))
    if period is not None and MONTHS.fullmatch(spec.during.rpartition(".")[2]):
        # The last twelve months by month begin with a whole one.
        grains = [each.grain for each in dimensions if each.name == period.field]
        if grains and grains[0] != "day":
            period = replace(period, first=dimensions_.starts(period.first, grains[0]))
    return Answer(
        spec,
        kind,
        asking,
        tuple(measures),
        tuple(dimensions),
        filter_.criteria,
        period,
        tuple(dict.fromkeys(problems)),
        action,
        filter_,
    )


def period_of(kind: Kind, during: str, asking: Asking, compare: str = "") -> Period | None:
    """`ordered_on.12m` as days; `Unusable` when that field isn't one to ask by."""
    if not during:
        return None
    name, _dot, span = during.partition(".")
    found = field_of(kind, name, asking.actor)
    if found is None or not found.is_filterable or found.kind not in dimensions_.DAYS:
        raise Unusable(_("This list can’t be filtered by “%(field)s”.") % {"field": name[:40]})
    first, last = operands.span(span.lower(), asking.on)
    months = 0
    if compare and first <= asking.on < last:
        # A month that has just begun is compared with as many days of the month before.
        months, last = _whole_months(first, last), asking.on
    return Period(name, str(found.label), first, last, months)


def _a_year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year - 1, day=28)


def _whole_months(first: date, last: date) -> int:
    """How many months the days are, if they are whole ones."""
    beyond = last + timedelta(days=1)
    if first.day != 1 or beyond.day != 1:
        return 0
    return (beyond.year - first.year) * 12 + beyond.month - first.month


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, 1)
