"""Transactions by calendar period: what models without times, such as BG/BB, are fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Period = Literal["week", "month", "quarter", "year"]

PERIODS_PER_YEAR: dict[str, float] = {
    "week": 365.25 / 7,
    "month": 12.0,
    "quarter": 4.0,
    "year": 1.0,
}

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ByPeriod:
    """Per customer: of the `n` whole periods after that of the first purchase, `x` had a purchase,
    the last of them was number `t_x`. `bought` is False for who hadn't bought by the end; their
    counts are 0."""

    x: Whole
    t_x: Whole
    n: Whole
    bought: NDArray[np.bool_]


def by_period(
    codes: ArrayLike, days: ArrayLike, customers: int, *, until: int, every: str
) -> ByPeriod:
    """Count customers' purchases by calendar period until the day `until` (days since 1970).

    `codes` say whose purchase each of `days` was. A period that isn't over on `until` doesn't count:
    nobody knows yet who buys in it. Weeks begin on Monday. Raises ValueError for another period.

    >>> days = np.array(["2020-05-01", "2021-02-01", "2021-07-01", "2023-01-05"], "datetime64[D]")
    >>> found = by_period([0, 0, 0, 0], days.astype(int), 1, until=19_722, every="year")
    >>> found.x, found.t_x, found.n
    (array([2]), array([3]), array([3]))
    """
    code, day = np.asarray(codes, dtype=np.int64), np.asarray(days, dtype=np.int64)
    last = int(number_of(until + 1, every)) - 1  # the last period that is over
    period = number_of(day, every)
    seen = period <= last
    code, period = code[seen], period[seen]
    nobody = np.iinfo(np.int64).max
    first = np.full(customers, nobody)
    np.minimum.at(first, code, period)
    bought = first != nobody
    repeat = period > first[code]
    pairs = np.unique(np.stack([code[repeat], period[repeat]], axis=1), axis=0)
    x = np.bincount(pairs[:, 0], minlength=customers).astype(np.int64)
    latest = np.where(bought, first, 0)
    np.maximum.at(latest, pairs[:, 0], pairs[:, 1])
    begun = np.where(bought, first, 0)
    return ByPeriod(x, latest - begun, np.where(bought, last - begun, 0), bought)


def number_of(day: ArrayLike, every: str) -> Whole:
    """The running number of the period that a day (since 1970) lies in."""
    days = np.asarray(day, dtype=np.int64)
    if every == "week":  # 1970-01-01 was a Thursday
        return np.asarray((days + 3) // 7)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    lengths = {"month": 1, "quarter": 3, "year": 12}
    if every not in lengths:
        raise ValueError(f"{every!r} is no period; use week, month, quarter or year")
    return np.asarray(months // lengths[every])
