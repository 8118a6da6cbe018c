"""What the customers of a measured day had brought and were expected to bring, and how it was spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kezhi.value.concentration import concentration

Vector = NDArray[np.float64]

CENTS = 100


@dataclass(frozen=True, slots=True)
class CohortOfDay:
    """Customers by quarter of the first purchase, like 2025-Q3.

    `realised` is what they had brought until the day, `contribution` that of the 12 months before it,
    `expected` what they were expected to bring from then on. Money.
    """

    quarter: str
    customers: int
    realised: float
    contribution: float
    expected: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Shares of the best tenth and fifth of the customers, and Gini; None where the total isn't positive."""

    top_tenth: float | None
    top_fifth: float | None
    gini: float | None


@dataclass(frozen=True, slots=True)
class Day:
    """Those who had bought by the day. `realised` and `contribution` (12 months) are facts; `expected` is
    the customer asset: continuation and growth, which is None where none was measured. Between `low`
    and `high` lies its mean, as far as the model tells."""

    customers: int
    realised: float
    contribution: float
    expected: float
    continuation: float
    growth: float | None
    low: float | None
    high: float | None
    of_expected: Spread
    of_contribution: Spread
    cohorts: tuple[CohortOfDay, ...]


@dataclass(frozen=True, slots=True)
class OfCustomers:
    """Columns over customers who had bought: days since 1970-01-01 and money, NaN where nothing is known."""

    first_day: NDArray[np.int32]
    realised: Vector
    contribution: Vector
    expected: Vector
    continuation: Vector
    growth: Vector
    low: Vector
    high: Vector


def quarters_of(first_day: NDArray[np.int32]) -> NDArray[np.int32]:
    """Quarters since 1970-Q1 of days since 1970-01-01."""
    months = first_day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int32)
    return np.asarray(months // 3)


def quarter_name(quarter: int) -> str:
    """Like 2025-Q3.

    >>> quarter_name(222)
    '2025-Q3'
    """
    return f"{1970 + quarter // 4}-Q{quarter % 4 + 1}"


def day_of(rows: OfCustomers) -> Day:
    """The figures of a day, counted in cents, so that cohorts add up to the whole.

    >>> one = lambda *amounts: np.array(amounts, dtype=float)
    >>> found = day_of(OfCustomers(np.array([0, 100], dtype=np.int32), one(5, 1), one(4, 1), one(9, 1),
    ...     one(9, 1), one(np.nan, np.nan), one(8, 0), one(10, 2)))
    >>> found.expected, found.growth, [(each.quarter, each.expected) for each in found.cohorts]
    (10.0, None, [('1970-Q1', 9.0), ('1970-Q2', 1.0)])
    """
    quarter = quarters_of(rows.first_day)
    first = int(quarter.min(initial=0))
    size = int(quarter.max(initial=0)) - first + 1
    place = quarter - first
    counts = np.bincount(place, minlength=size)

    def by_quarter(amounts: Vector) -> Vector:
        sums = np.zeros(size, dtype=np.int64)
        np.add.at(sums, place, _cents(amounts))
        return sums / CENTS

    realised, contribution, expected = (
        by_quarter(own) for own in (rows.realised, rows.contribution, rows.expected)
    )
    return Day(
        customers=len(quarter),
        realised=_sum(rows.realised),
        contribution=_sum(rows.contribution),
        expected=_sum(rows.expected),
        continuation=_sum(rows.continuation),
        growth=_known_sum(rows.growth),
        low=_known_sum(rows.low),
        high=_known_sum(rows.high),
        of_expected=_spread(rows.expected),
        of_contribution=_spread(rows.contribution),
        cohorts=tuple(
            CohortOfDay(
                quarter_name(first + k),
                int(counts[k]),
                float(realised[k]),
                float(contribution[k]),
                float(expected[k]),
            )
            for k in range(size)
            if counts[k]
        ),
    )


def _cents(amounts: Vector) -> NDArray[np.int64]:
    return np.rint(np.nan_to_num(amounts) * CENTS).astype(np.int64)


def _sum(amounts: Vector) -> float:
    return int(_cents(amounts).sum()) / CENTS


def _known_sum(amounts: Vector) -> float | None:
    return _sum(amounts) if np.isfinite(amounts).any() else None


def _spread(amounts: Vector) -> Spread:
    found = concentration(np.nan_to_num(amounts))
    top = dict(found.top)
    return Spread(top.get(0.10), top.get(0.20), found.gini)
