"""When a source of customers has paid back what winning them cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kezhi.value.durations import DAYS
from kezhi.value.realised import Lines
from kezhi.value.sums import sum_by

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Payback:
    """A source. `gathered[k]` is the contribution per customer after k + 1 months of tenure: each month
    is the mean of those seen through it. `months` until it covers `cost_per_customer`, in parts of a
    month; None while it hasn't. `returned` is gathered so far ÷ cost (None without cost)."""

    source: str
    customers: int
    cost: float
    cost_per_customer: float
    gathered: tuple[float, ...]
    months: float | None
    returned: float | None


def payback_by_source(
    sources: Sequence[str],
    first_day: NDArray[np.int32],
    contributions: Lines,
    costs: Mapping[str, float],
    *,
    as_of: int,
    most_months: int = 60,
) -> tuple[Payback, ...]:
    """Payback of each source, from each customer's source and first day, and dated contributions.

    `costs` are what was spent on a source in all. Who hasn't bought yet (first day later than `as_of`)
    takes no part; a source without customers has spent for nothing.

    >>> money = Lines(np.array([0, 0, 1]), np.array([0, 40, 5]), np.array([30.0, 30, 10]))
    >>> found = payback_by_source(["fair", "web"], np.array([0, 0]), money, {"fair": 45, "web": 90},
    ...     as_of=100)
    >>> [(one.source, one.months, one.gathered) for one in found]
    [('fair', 1.5, (30.0, 60.0, 60.0)), ('web', None, (10.0, 10.0, 10.0))]
    """
    names = np.asarray(sources, dtype=object).astype(str)
    if len(names) != len(first_day):
        raise ValueError("every customer needs a source and a first day")
    month = DAYS["month"]
    seen = np.minimum(np.floor((as_of + 1 - first_day) / month), most_months).astype(np.int64)
    there = first_day <= as_of
    since = np.maximum(contributions.days - first_day[contributions.codes], 0)
    which = np.floor(since / month).astype(np.int64)
    counts = (contributions.days <= as_of) & (which < seen[contributions.codes])
    found = []
    for name in sorted({*names[there].tolist(), *costs}):
        own = there & (names == name)
        chosen = counts & own[contributions.codes]
        money = sum_by(which[chosen], contributions.amounts[chosen], most_months)
        watched = np.array([int((seen[own] > k).sum()) for k in range(most_months)])
        means = money[watched > 0] / watched[watched > 0]
        gathered = np.cumsum(means)
        customers, cost = int(own.sum()), float(costs.get(name, 0.0))
        each = cost / customers if customers else float("inf") if cost else 0.0
        found.append(
            Payback(
                source=name,
                customers=customers,
                cost=cost,
                cost_per_customer=each,
                gathered=tuple(gathered.tolist()),
                months=_months_to(each, gathered, means),
                returned=float(gathered[-1]) / each if len(gathered) and each > 0 else None,
            )
        )
    return tuple(found)


def _months_to(cost: float, gathered: Vector, means: Vector) -> float | None:
    if cost <= 0:
        return 0.0
    reached = np.flatnonzero(gathered >= cost - 1e-9)
    if not len(reached):
        return None
    k = int(reached[0])
    before = float(gathered[k] - means[k])
    return k + (cost - before) / float(means[k])
