"""Seasons of the calendar: how much more customers buy in a month or week of the year than on average.

A season changes the clock, not the model: where the index is 2 a day counts for two. Customers'
times are counted by that clock, the model is fitted to them, and what it says of the coming time is
read from the same clock:

    τ(day) = Σ index of each day until then,   E[purchases in (T, T + h]] = E[Y(τ(T + h) − τ(T))].

Over a whole year the clock runs as the calendar does. With all indices 1 nothing changes.

The indices come from whole years before the last day: the purchases of each month of a year beside
those that the model without seasons expects in it, in relation to the whole year. They are drawn
towards 1 by how sure they are: the difference between months (τ²) is compared with chance and with
the difference of the same month between years (σ²), as in Morris (1983).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.durations import DAYS_PER_YEAR, days_in
from kezhi.value.potential.fitting import CannotFit, Vector

By = Literal["month", "week"]

PARTS = {"month": 12, "week": 52}
LEAST_YEARS = 2
"""Whole years below which a season can't be told from growth."""
_LENGTHS = {
    "month": np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]),
    "week": np.array([7.0] * 51 + [8.25]),
}

Whole = NDArray[np.int64]


class _Buying(Protocol):
    def expected_of_new(self, t: ArrayLike) -> Vector: ...


@dataclass(frozen=True, slots=True)
class Season:
    """An index per month (January first) or week of the year (the 52nd runs until its end).

    Over the days of a year the mean of the indices is 1. `standard_errors` tell how sure they are,
    `years` from how many whole years they come.

    >>> Season.flat("month").factors[:3]
    (1.0, 1.0, 1.0)
    """

    by: By
    factors: tuple[float, ...]
    standard_errors: tuple[float, ...]
    years: int

    def __post_init__(self) -> None:
        if self.by not in PARTS:
            raise ValueError(f"seasons go by month or week, not {self.by!r}")
        if len(self.factors) != PARTS[self.by] or not all(own > 0 for own in self.factors):
            raise ValueError(f"{self.by}s take {PARTS[self.by]} indices above 0")

    @classmethod
    def flat(cls, by: By) -> Season:
        """No season at all."""
        return cls(by, (1.0,) * PARTS[by], (0.0,) * PARTS[by], 0)

    @property
    def is_flat(self) -> bool:
        """Whether the clock is the calendar."""
        return all(own == 1 for own in self.factors)

    def clock(self, first_day: int, last_day: int) -> Clock:
        """The clock between two days (since 1970), both included."""
        if self.is_flat:  # no rounding: the very same numbers as without seasons
            daily = np.ones(last_day - first_day + 1)
        else:
            days = np.arange(first_day, last_day + 1)
            daily = np.asarray(self.factors)[part_of_year(days, self.by)]
        return Clock(first_day, np.concatenate(([0.0], np.cumsum(daily))))


@dataclass(frozen=True, slots=True)
class Clock:
    """`run[k]` is what the clock shows at the end of the day `first_day` + k − 1."""

    first_day: int
    run: Vector

    def at(self, day: ArrayLike) -> Vector:
        """What it shows at the end of a day; between days in proportion."""
        place = np.asarray(day, dtype=np.float64) - self.first_day + 1
        if (place < 0).any() or (place > len(self.run) - 1).any():
            raise ValueError("the clock doesn't reach that far")
        return np.asarray(np.interp(place, np.arange(len(self.run)), self.run))

    def between(self, since: ArrayLike, until: ArrayLike) -> Vector:
        """Days by the clock from the end of one day to the end of another."""
        return np.asarray(self.at(until) - self.at(since))

    def day_after(self, since: float, lasting: ArrayLike) -> Vector:
        """The day on which so many days by the clock have passed since the end of the day `since`."""
        shown = float(self.at(since)) + np.asarray(lasting, dtype=np.float64)
        place = np.interp(shown, self.run, np.arange(len(self.run)), right=np.inf)
        return np.asarray(place + self.first_day - 1)


def part_of_year(day: ArrayLike, by: By) -> Whole:
    """Which month (0 … 11) or week (0 … 51) of its year a day (since 1970) lies in."""
    days = np.asarray(day, dtype=np.int64).astype("datetime64[D]")
    if by == "month":
        return np.asarray(days.astype("datetime64[M]").astype(np.int64) % 12)
    if by != "week":
        raise ValueError(f"seasons go by month or week, not {by!r}")
    since = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    return np.asarray(np.minimum(since // 7, 51))


def expected_by_day(model: _Buying, births: ArrayLike, unit: str) -> Vector:
    """Repeat purchases of all customers that a model expects on each day.

    `births` counts the first purchases on each day; entry k of the result is the k-th day, too.

    >>> from kezhi.value.potential.nbd import NBD
    >>> expected_by_day(NBD(1.0, 7.0), [14, 0, 0], "day")
    array([0., 2., 2.])
    """
    born = np.asarray(births, dtype=np.float64)
    ages = np.arange(len(born) + 1) / days_in(unit)
    of_one = np.diff(model.expected_of_new(ages))
    # A first purchase at the end of day 0 leaves the days 1, 2, … for the next one.
    size = 1 << (2 * len(born)).bit_length()
    product = np.fft.irfft(np.fft.rfft(born, size) * np.fft.rfft(of_one, size), size)
    return np.maximum(np.concatenate(([0.0], product[: len(born) - 1])), 0.0)


def estimate(actual: ArrayLike, expected: ArrayLike, *, first_day: int, by: By) -> Season:
    """Indices from the repeat purchases of each day beside those expected without seasons.

    Entry k of both is the day `first_day` + k. Only whole years before the last day count; raises
    `CannotFit` where there are fewer than two with purchases in them.

    >>> days = np.arange(3 * 365)
    >>> summer = np.isin(part_of_year(days, "month"), [5, 6, 7])
    >>> found = estimate(100.0 + 100 * summer, np.full(len(days), 125.0), first_day=0, by="month")
    >>> [round(own, 2) for own in found.factors[3:7]]
    [0.8, 0.8, 1.6, 1.6]
    """
    came, due = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    years = int(len(came) // DAYS_PER_YEAR)
    days = np.arange(first_day, first_day + len(came))
    year = ((days[-1:] - days) // DAYS_PER_YEAR).astype(np.int64) if len(days) else days
    inside, part, parts = year < years, part_of_year(days, by), PARTS[by]
    cell = (year * parts + part)[inside]
    actual_of, expected_of = (
        np.bincount(cell, own[inside], minlength=years * parts).reshape(years, parts)
        for own in (came, due)
    )
    busy = (actual_of.sum(axis=1) > 0) & (expected_of > 0).all(axis=1)
    actual_of, expected_of = actual_of[busy], expected_of[busy]
    if len(actual_of) < LEAST_YEARS:
        raise CannotFit(
            f"purchases span {len(actual_of)} whole years; "
            f"it takes {LEAST_YEARS} to tell a season from growth"
        )
    level = actual_of.sum(axis=1) / expected_of.sum(axis=1)
    expected_of = expected_of * level[:, None]
    return _shrunken(actual_of / expected_of, 1 / expected_of, by)


def _shrunken(ratio: Vector, chance: Vector, by: By) -> Season:
    """Ratios (years × parts) with their variance by chance, drawn towards 1."""
    years, parts = ratio.shape
    mean = ratio.mean(axis=0)
    around = ((ratio - mean) ** 2).sum() / ((years - 1) * (parts - 1))
    between_years = max(float(around - chance.mean()), 0.0)
    noise = (between_years + chance.mean(axis=0)) / years
    between_parts = max(float(((mean - 1) ** 2).sum() / (parts - 1) - noise.mean()), 0.0)
    if between_parts == 0:
        return Season(by, (1.0,) * parts, (0.0,) * parts, years)
    kept = between_parts / (between_parts + noise)
    factors = 1 + kept * (mean - 1)
    lengths = _LENGTHS[by]
    factors *= lengths.sum() / (factors @ lengths)
    errors = np.sqrt(kept * noise)
    return Season(by, tuple(factors.tolist()), tuple(errors.tolist()), years)
