"""Value by cohort of the first purchase, and how concentrated value is, period by period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kezhi.value.cohorts import months_of
from kezhi.value.concentration import concentration
from kezhi.value.sums import sum_by

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CohortValue:
    """`month` like 2025-03; `value[k]` is what the cohort brought in the k-th month after, in money."""

    month: str
    size: int
    value: tuple[float, ...]

    @property
    def gathered(self) -> tuple[float, ...]:
        """Value per customer of the cohort from the first month until each month."""
        return tuple((np.cumsum(self.value) / self.size).tolist())


def cohort_value(
    codes: NDArray[np.int32],
    days: NDArray[np.int32],
    amounts: Vector,
    first_day: NDArray[np.int32],
    *,
    as_of: int,
) -> tuple[CohortValue, ...]:
    """Contributions by cohort and month since the first purchase, the oldest cohort first.

    `first_day` is each customer's first purchase (later than `as_of`: none yet); a contribution
    before it, such as a cost of winning the customer, counts in month 0.

    >>> found = cohort_value(np.array([0, 0, 1]), np.array([0, 40, 5]), np.array([10.0, 6, 20]),
    ...     np.array([0, 5]), as_of=70)
    >>> found[0].month, found[0].value, found[0].gathered
    ('1970-01', (30.0, 6.0, 0.0), (15.0, 18.0, 18.0))
    """
    joined_by = first_day <= as_of
    if not joined_by.any():
        return ()
    within = (days <= as_of) & joined_by[codes]
    codes, days, amounts = codes[within], days[within], amounts[within]
    joined = months_of(np.where(joined_by, first_day, as_of).astype(np.int32))
    last = int(months_of(np.array([as_of], dtype=np.int32))[0])
    since = np.maximum(months_of(days) - joined[codes], 0)
    low = int(joined[joined_by].min())
    width = last - low + 1
    place = (joined[codes] - low).astype(np.int64) * width + since
    table = sum_by(place, amounts, width * width).reshape(width, width)
    sizes = np.bincount(joined[joined_by] - low, minlength=width)
    return tuple(
        CohortValue(
            str(np.datetime64(low + k, "M")),
            int(sizes[k]),
            tuple(table[k, : width - k].tolist()),
        )
        for k in range(width)
        if sizes[k]
    )


@dataclass(frozen=True, slots=True)
class PeriodConcentration:
    """Concentration of what customers brought in the `window_days` until a day (since 1970-01-01).

    None where there is nothing positive. `top_tenth` and `largest` are shares of the total.
    """

    day: int
    customers: int
    total: float
    gini: float | None
    hhi: float | None
    top_tenth: float | None
    largest: float | None
    peak: float | None


def concentration_over_time(
    codes: NDArray[np.int32],
    days: NDArray[np.int32],
    amounts: Vector,
    *,
    customers: int,
    ends: Sequence[int],
    window_days: int = 365,
) -> tuple[PeriodConcentration, ...]:
    """Concentration over the customers with any line in each window.

    >>> found = concentration_over_time(np.array([0, 1, 0]), np.array([1, 2, 400]),
    ...     np.array([90.0, 10.0, 5.0]), customers=2, ends=[100, 450], window_days=365)
    >>> [(one.customers, one.largest) for one in found]
    [(2, 0.9), (1, 1.0)]
    """
    found = []
    for end in ends:
        within = (days > end - window_days) & (days <= end)
        there = np.bincount(codes[within], minlength=customers) > 0
        one = concentration(sum_by(codes[within], amounts[within], customers)[there])
        found.append(
            PeriodConcentration(
                day=int(end),
                customers=one.customers,
                total=one.total,
                gini=one.gini,
                hhi=one.hhi,
                top_tenth=dict(one.top).get(0.10),
                largest=one.largest,
                peak=one.peak,
            )
        )
    return tuple(found)
