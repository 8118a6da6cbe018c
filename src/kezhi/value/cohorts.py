"""Retention by cohort: of those who first bought in a month, who bought again how much later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Cohort:
    """`month` like 2025-03; `active[k]` customers bought in the k-th month after (active[0] = size)."""

    month: str
    size: int
    active: tuple[int, ...]

    @property
    def retention(self) -> tuple[float, ...]:
        """Share of the cohort that bought in each month since."""
        return tuple(active / self.size for active in self.active)


def months_of(days: NDArray[np.int32]) -> NDArray[np.int32]:
    """Months since 1970-01 of days since 1970-01-01."""
    low = int(days.min(initial=0))
    calendar = np.arange(low, int(days.max(initial=0)) + 1).astype("datetime64[D]")
    table = calendar.astype("datetime64[M]").astype(np.int32)
    return np.asarray(table[days - low])


@dataclass(frozen=True, slots=True)
class Activity:
    """Customers by month of the first purchase (rows, from the month `low` on) and months since.

    Months count from 1970-01; `sizes` are the customers of each row.
    """

    low: int
    active: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @classmethod
    def together(cls, parts: Sequence[Activity]) -> Activity:
        """What several groups of customers did, until the same day."""
        some = [part for part in parts if len(part.sizes)]
        if not some:
            return cls(0, np.zeros((0, 0), np.int64), np.zeros(0, np.int64))
        low = min(part.low for part in some)
        width = max(part.low - low + len(part.sizes) for part in some)
        active, sizes = np.zeros((width, width), np.int64), np.zeros(width, np.int64)
        for part in some:
            own = len(part.sizes)
            rows = slice(part.low - low, part.low - low + own)
            active[rows, :own] += part.active
            sizes[rows] += part.sizes
        return cls(low, active, sizes)

    def cohorts(self) -> tuple[Cohort, ...]:
        """The cohorts that have customers, the oldest first."""
        width = len(self.sizes)
        return tuple(
            Cohort(
                str(np.datetime64(self.low + k, "M")),
                int(self.sizes[k]),
                tuple(int(active) for active in self.active[k, : width - k]),
            )
            for k in range(width)
            if self.sizes[k]
        )


def cohorts(
    codes: NDArray[np.int32],
    days: NDArray[np.int32],
    first_day: NDArray[np.int32],
    bought: NDArray[np.bool_],
    *,
    as_of: int,
) -> tuple[Cohort, ...]:
    """Cohorts by month of the first purchase, the oldest first, from the days of purchases.

    >>> found = cohorts(np.array([0, 0, 1]), np.array([0, 40, 5]), np.array([0, 5]),
    ...     np.array([True, True]), as_of=70)
    >>> found[0].month, found[0].retention
    ('1970-01', (1.0, 0.5, 0.0))
    """
    return activity(codes, days, first_day, bought, as_of=as_of).cohorts()


def activity(
    codes: NDArray[np.int32],
    days: NDArray[np.int32],
    first_day: NDArray[np.int32],
    bought: NDArray[np.bool_],
    *,
    as_of: int,
) -> Activity:
    """The months in which the customers of each cohort bought: see `cohorts`."""
    if not bought.any():
        return Activity.together([])
    within = (days <= as_of) & bought[codes]
    codes, days = codes[within], days[within]
    joined = months_of(np.where(bought, first_day, as_of).astype(np.int32))
    last = int(months_of(np.array([as_of], dtype=np.int32))[0])
    since = months_of(days) - joined[codes]
    low = int(joined[bought].min())
    width = last - low + 1
    seen = np.zeros(len(first_day) * width, dtype=np.bool_)  # a byte for each customer and month
    seen[codes.astype(np.int64) * width + since] = True
    members, months = np.divmod(np.flatnonzero(seen), width)
    table = np.zeros((width, width), dtype=np.int64)
    np.add.at(table, (joined[members] - low, months), 1)
    return Activity(low, table, np.bincount(joined[bought] - low, minlength=width))
