"""Profit by year of tenure, split in six (Reichheld & Sasser 1990).

For the customers who have been seen through the whole of a year of their tenure, against their own first
year: base profit, growth and related sales, lower operating cost, smaller discounts, referrals, and
the acquisition cost saved because no new customer had to be won in their place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kezhi.value.durations import DAYS_PER_YEAR
from kezhi.value.realised import Lines
from kezhi.value.sums import sum_by

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TenureYear:
    """Means per customer of those seen through year `year` (the first is 1), in money.

    base + growth + lower_cost + smaller_discounts + referrals = profit; with saved_acquisition it is
    `against_new`, what the customer is worth beside one who had to be won anew.
    """

    year: int
    customers: int
    base: float
    growth: float
    lower_cost: float
    smaller_discounts: float
    referrals: float
    saved_acquisition: float

    @property
    def profit(self) -> float:
        """Profit of the year per customer."""
        return self.base + self.growth + self.lower_cost + self.smaller_discounts + self.referrals

    @property
    def against_new(self) -> float:
        """Profit and the acquisition cost saved."""
        return self.profit + self.saved_acquisition


def profit_by_tenure(
    first_day: NDArray[np.int32],
    margins: Lines,
    *,
    as_of: int,
    discounts: Lines | None = None,
    serving: Lines | None = None,
    referrals: Lines | None = None,
    acquisition_cost: float = 0.0,
    years: int = 7,
    last_day: NDArray[np.int32] | None = None,
) -> tuple[TenureYear, ...]:
    """Profit by tenure from each customer's first day and dated money by customer code.

    `margins` are before discounts; `discounts` and `serving` are positive costs; `referrals` what others
    brought on the customer's word. Who hasn't bought yet has a first day later than `as_of`. With
    `last_day`, that of the last purchase, a year counts only those who bought in it or later: what one
    who stays brings; without, those who have left count with nothing.

    >>> money = Lines(np.zeros(4, int), np.array([0, 100, 400, 500]), np.array([50.0, 50, 80, 60]))
    >>> served = Lines(np.zeros(2, int), np.array([10, 400]), np.array([30.0, 20]))
    >>> second = profit_by_tenure(np.array([0]), money, serving=served, as_of=800, acquisition_cost=40)[1]
    >>> second.base, second.growth, second.lower_cost, second.profit, second.against_new
    (70.0, 40.0, 10.0, 120.0, 160.0)
    """
    found = []
    nothing = Lines(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0))
    parts = [
        _by_year(part, first_day, years)
        for part in (margins, discounts or nothing, serving or nothing, referrals or nothing)
    ]
    for year in range(1, years + 1):
        seen = first_day + year * DAYS_PER_YEAR <= as_of + 1
        if last_day is not None:
            seen &= last_day >= first_day + (year - 1) * DAYS_PER_YEAR
        count = int(seen.sum())
        if not count:
            break
        now = [float(part[year - 1][seen].sum()) / count for part in parts]
        then = [float(part[0][seen].sum()) / count for part in parts]
        found.append(
            TenureYear(
                year=year,
                customers=count,
                base=then[0] - then[1] - then[2],
                growth=now[0] - then[0],
                lower_cost=then[2] - now[2],
                smaller_discounts=then[1] - now[1],
                referrals=now[3],
                saved_acquisition=acquisition_cost if year > 1 else 0.0,
            )
        )
    return tuple(found)


def _by_year(lines: Lines, first_day: NDArray[np.int32], years: int) -> Vector:
    """Each customer's money by year of tenure, a row per year; what came before the first day counts in the
    first."""
    size = len(first_day)
    since = np.maximum(lines.days - first_day[lines.codes], 0)
    which = np.floor(since / DAYS_PER_YEAR).astype(np.int64)
    within = which < years
    cells = which[within] * size + lines.codes[within]
    return sum_by(cells, lines.amounts[within], years * size).reshape(years, size)
