"""How long customers stay: survival and the share lost by half-year, for all and by tier or source.

Nobody gives notice: who is silent for longer than 95 % of all intervals between purchases counts as lost on
the day of the last purchase. The database counts customers alike by month, so a million takes no longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import numpy as np
from django.db.models import Case, Count, DurationField, ExpressionWrapper, F, Q, Value, When
from django.db.models.fields import BooleanField, DateField
from django.db.models.functions import ExtractDay, Floor

from kezhi.core.actor import Actor
from kezhi.customers.models import Standing
from kezhi.customers.models.standing import Tier
from kezhi.insight.figures.basis import Basis
from kezhi.insight.figures.keeping import kept
from kezhi.insight.rhythm import kept_rhythm, silent_days
from kezhi.value.durations import DAYS
from kezhi.value.lifetime.survival import hazard_by_period, kaplan_meier

By = Literal["", "tier", "source"]
MARKS = (3, 6, 12, 24, 36, 48, 60)
"""Months at which the share still there is told."""
PERIOD = 6.0
MOST_PERIODS = 10
MOST_SEGMENTS = 6
LEAST = 5
"""Customers below which a segment has no curve of its own."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A segment: `marks` are the shares still there after `MARKS` months, None beyond what was observed.

    `points` are (month, share, low, high); `median` the month by which half are lost, None while more stay.
    """

    segment: str
    customers: int
    lost: int
    median: float | None
    marks: tuple[float | None, ...]
    points: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class HalfYear:
    """Of those who began it, the share lost in it; None where nobody began it."""

    first_month: int
    began: float
    lost: float
    rate: float | None


@dataclass(frozen=True, slots=True)
class Survivals:
    """`whole` is None where nobody has bought; `silent` are the days of silence that count as a loss."""

    silent: int
    level: float
    whole: Curve | None
    half_years: tuple[HalfYear, ...]
    segments: tuple[Curve, ...]


@kept
def survivals(actor: Actor, basis: Basis, by: str = "tier") -> Survivals:
    """Over the customers that the actor may see, by "tier" or "source"."""
    silent = silent_days(kept_rhythm(basis))
    rows = _counted(actor, basis, silent, "source" if by == "source" else "tier")
    level = 0.8
    if not rows:
        return Survivals(silent, level, None, (), ())
    by_segment: dict[str, list[tuple[float, bool, int]]] = {}
    for segment, month, is_lost, customers in rows:
        by_segment.setdefault(segment, []).append((month, is_lost, customers))
    every = [row for own in by_segment.values() for row in own]
    sizes = {name: sum(n for _m, _l, n in own) for name, own in by_segment.items()}
    if by == "tier":
        names = [tier for tier in Tier.values if sizes.get(tier, 0) >= LEAST]
    else:
        ranked = sorted(sizes, key=lambda name: (-sizes[name], name))
        names = [name for name in ranked if name and sizes[name] >= LEAST][:MOST_SEGMENTS]
    return Survivals(
        silent=silent,
        level=level,
        whole=_curve("", every, level),
        half_years=_half_years(every),
        segments=tuple(_curve(name, by_segment[name], level) for name in names),
    )


def _counted(
    actor: Actor, basis: Basis, silent: int, by: str
) -> list[tuple[str, float, bool, int]]:
    """Customers alike in segment, months as a customer, and whether they are lost."""
    since = basis.as_of - timedelta(days=silent)
    lost = Q(last_order_on__lt=since)
    end = Case(
        When(lost, then=F("last_order_on")),
        default=Value(basis.as_of, output_field=DateField()),
        output_field=DateField(),
    )
    lived = ExpressionWrapper(F("until_on") - F("first_order_on"), output_field=DurationField())
    found = (
        Standing.objects.visible_to(actor)
        .filter(first_order_on__lte=basis.as_of, last_order_on__gte=F("first_order_on"))
        .annotate(
            segment=F("customer__source") if by == "source" else F("tier"),
            is_lost=Case(
                When(lost, then=Value(True)), default=Value(False), output_field=BooleanField()
            ),
            until_on=end,
        )
        .annotate(month=Floor(ExtractDay(lived) / DAYS["month"]))
        .values("segment", "month", "is_lost")
        .annotate(customers=Count("pk"))
        .order_by("segment", "month", "is_lost")
    )
    return [
        (row["segment"], float(row["month"]), row["is_lost"], row["customers"])
        for row in found.filter(month__gte=0)
    ]


def _curve(name: str, rows: list[tuple[float, bool, int]], level: float) -> Curve:
    months, lost, count = (np.array(column) for column in zip(*rows, strict=True))
    found = kaplan_meier(months, lost, weights=count, level=level)
    shares: Any = found.at(np.array(MARKS, dtype=np.float64))
    points = zip(found.times, found.survival, found.low, found.high, strict=True)
    return Curve(
        segment=name,
        customers=int(count.sum()),
        lost=int(count[lost].sum()),
        median=found.median,
        marks=tuple(float(share) if np.isfinite(share) else None for share in shares),
        points=tuple((float(t), float(s), float(low), float(up)) for t, s, low, up in points),
    )


def _half_years(rows: list[tuple[float, bool, int]]) -> tuple[HalfYear, ...]:
    months, lost, count = (np.array(column) for column in zip(*rows, strict=True))
    longest = int(months.max() // PERIOD) + 1
    periods = min(longest, MOST_PERIODS)
    found = hazard_by_period(
        np.repeat(months, count), np.repeat(lost, count), period=PERIOD, periods=periods
    )
    return tuple(
        HalfYear(
            first_month=round(place * PERIOD),
            began=float(found.began[place]),
            lost=float(found.lost[place]),
            rate=float(found.rate[place]) if np.isfinite(found.rate[place]) else None,
        )
        for place in range(periods)
    )
