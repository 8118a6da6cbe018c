"""What customers won in a month bring month by month since, and when that has paid for winning them.

Each month of tenure is the mean of the customers seen through it, so that young cohorts don't look poor. How
sure the curve is, is told by leaving out one month of winning after the other (delete-a-group jackknife). What
isn't there yet goes on at the pace of the last months and the rate at which that pace has been falling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kezhi.value.durations import DAYS
from kezhi.value.realised import Lines
from kezhi.value.sums import sum_by

Vector = NDArray[np.float64]

MOST_MONTHS = 60
LEAST_GROUPS = 3
"""Months of winning below which nobody can say how sure the curve is."""
PACE_MONTHS = 12
"""So many of the last months tell the pace; two halves of them how it falls."""


@dataclass(frozen=True, slots=True)
class WonMonth:
    """Customers of a source whose first purchase lies in a calendar month (`2025-03`).

    `watched[k]` of them were seen through month k of their tenure, in which they contributed `sums[k]`.
    """

    source: str
    month: str
    customers: int
    watched: tuple[int, ...]
    sums: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PaidBack:
    """Money per customer after k + 1 months: `gathered` with its interval (None: too few months of winning),
    and `ahead`, how it probably goes on until `MOST_MONTHS`.

    `months`: when it covered the cost, in parts of a month; None while it hasn't. `months_ahead`: when it
    probably will; None where it has, or never does at this pace.
    """

    customers: int
    gathered: tuple[float, ...]
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None
    ahead: tuple[float, ...]
    months: float | None
    months_ahead: float | None


def won_by_month(
    sources: Sequence[str],
    of: NDArray[np.integer],
    first_day: NDArray[np.integer],
    contributions: Lines,
    *,
    as_of: int,
    most_months: int = MOST_MONTHS,
) -> tuple[WonMonth, ...]:
    """From each customer's source (its place in `sources`; −1: none) and first day, and dated contributions.

    >>> money = Lines(np.array([0, 0, 1]), np.array([0, 40, 5]), np.array([30.0, 30, 10]))
    >>> found = won_by_month(["fair"], np.array([0, 0]), np.array([0, 0]), money, as_of=65)
    >>> found[0].month, found[0].customers, found[0].watched, found[0].sums
    ('1970-01', 2, (2, 2), (40.0, 30.0))
    """
    length = DAYS["month"]
    there = (of >= 0) & (first_day <= as_of)
    month = first_day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    low = int(month[there].min()) if there.any() else 0
    width = int(month[there].max()) - low + 1 if there.any() else 1
    group = np.where(there, of.astype(np.int64) * width + month - low, -1)
    size = len(sources) * width
    seen = np.clip(np.floor((as_of + 1 - first_day) / length), 0, most_months).astype(np.int64)
    members = np.bincount(group[there], minlength=size)
    # How many were seen through so many months exactly, then through at least as many.
    exact = np.bincount(
        group[there] * (most_months + 1) + seen[there], minlength=size * (most_months + 1)
    ).reshape(size, most_months + 1)
    watched = exact[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    codes = contributions.codes
    since = np.maximum(contributions.days - first_day[codes], 0)
    which = (since / length).astype(np.int64)
    counts = (contributions.days <= as_of) & (which < seen[codes]) & (group[codes] >= 0)
    place = group[codes[counts]] * most_months + which[counts]
    money = sum_by(place, contributions.amounts[counts], size * most_months)
    sums = money.reshape(size, most_months)
    found = []
    for own in np.flatnonzero(members).tolist():
        long = int((watched[own] > 0).sum())
        found.append(
            WonMonth(
                source=sources[own // width],
                month=str(np.datetime64(low + own % width, "M")),
                customers=int(members[own]),
                watched=tuple(watched[own, :long].tolist()),
                sums=tuple(sums[own, :long].tolist()),
            )
        )
    return tuple(found)


def paid_back(won: Sequence[WonMonth], cost_per_customer: float, *, level: float = 0.8) -> PaidBack:
    """When the customers of these months have paid for being won; `cost_per_customer` may be 0.

    >>> won = [WonMonth("fair", "2025-01", 2, (2, 2), (40.0, 30.0))]
    >>> found = paid_back(won, 25.0)
    >>> found.gathered, round(found.months, 2), found.low
    ((20.0, 35.0), 1.33, None)
    >>> round(paid_back(won, 50.0).months_ahead, 1), paid_back(won, 500.0).months_ahead
    (3.4, None)
    """
    longest = max((len(each.watched) for each in won), default=0)
    watched, sums = np.zeros((len(won), longest)), np.zeros((len(won), longest))
    for row, each in enumerate(won):
        watched[row, : len(each.watched)], sums[row, : len(each.sums)] = each.watched, each.sums
    means = _means(watched, sums)
    gathered = np.cumsum(means)
    low, high = _interval(watched, sums, gathered, level)
    ahead = _ahead(means, MOST_MONTHS)
    months = reached(cost_per_customer, gathered)
    later = None
    if months is None and longest:
        later = reached(cost_per_customer, np.concatenate((gathered, ahead)))
    return PaidBack(
        customers=sum(each.customers for each in won),
        gathered=tuple(gathered.tolist()),
        low=None if low is None else tuple(low.tolist()),
        high=None if high is None else tuple(high.tolist()),
        ahead=tuple(ahead.tolist()),
        months=months,
        months_ahead=later,
    )


def reached(cost: float, gathered: Vector) -> float | None:
    """The month in which a curve covers the cost, in parts; None where it doesn't."""
    if cost <= 0:
        return 0.0
    over = np.flatnonzero(gathered >= cost - 1e-9)
    if not len(over):
        return None
    k = int(over[0])
    before = float(gathered[k - 1]) if k else 0.0
    return k + (cost - before) / (float(gathered[k]) - before)


def _means(watched: Vector, sums: Vector) -> Vector:
    whole = watched.sum(axis=0)
    return np.asarray(np.divide(sums.sum(axis=0), whole, out=np.zeros(len(whole)), where=whole > 0))


def _interval(
    watched: Vector, sums: Vector, gathered: Vector, level: float
) -> tuple[Vector | None, Vector | None]:
    from scipy.special import stdtrit

    groups = len(watched)
    if groups < LEAST_GROUPS or not len(gathered):
        return None, None
    without_watched, without_sums = watched.sum(axis=0) - watched, sums.sum(axis=0) - sums
    # Where a month is known by one group alone, the others say nothing: it keeps its mean.
    means = np.divide(
        without_sums,
        without_watched,
        out=np.broadcast_to(_means(watched, sums), watched.shape).copy(),
        where=without_watched > 0,
    )
    others = np.cumsum(means, axis=1)
    spread = np.square(others - others.mean(axis=0)).sum(axis=0) * (groups - 1) / groups
    wide = float(stdtrit(groups - 1, (1 + level) / 2)) * np.sqrt(spread)
    return gathered - wide, gathered + wide


def _ahead(means: Vector, until: int) -> Vector:
    """The months to come, cumulated with what is there."""
    count = len(means)
    if not count or count >= until:
        return np.zeros(0)
    last = means[-PACE_MONTHS:]
    pace = max(float(last.mean()), 0.0)
    half = len(last) // 2
    falls = 1.0
    if half:
        early, late = float(last[:half].mean()), float(last[-half:].mean())
        if early > 0:
            falls = min(1.0, max(late, 0.0) / early) ** (1.0 / (len(last) - half))
    # The pace of the middle of the last months, brought forward to the first month ahead.
    steps = np.arange(1, until - count + 1) + (len(last) - 1) / 2
    return np.asarray(means.sum() + np.cumsum(pace * falls**steps))
