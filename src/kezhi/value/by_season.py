"""Customers' times by the clock of the seasons, for the value run: see `potential.season`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.durations import DAYS_PER_YEAR, days_in
from kezhi.value.potential import mbg_nbd
from kezhi.value.potential.fitting import CannotFit, Vector
from kezhi.value.potential.season import By, Clock, Season, estimate, expected_by_day
from kezhi.value.summary import Summary

if TYPE_CHECKING:
    from kezhi.value.compute.local import Occasions

_YEARS_AHEAD = 51  # the longest horizon of the settings is 50 years


@dataclass(frozen=True, slots=True)
class Times:
    """x, t_x and T of the customers who bought, in units of time by the clock."""

    x: Vector
    t_x: Vector
    T: Vector


@dataclass(frozen=True, slots=True)
class Seasons:
    """The season of a company, and the clock that runs by it.

    `lacking` says why there is none although one was asked for.
    """

    season: Season | None
    clock: Clock | None
    lacking: str | None

    @property
    def are_told(self) -> bool:
        """Whether time is counted otherwise than by the calendar."""
        return self.clock is not None

    def times(
        self, count: NDArray[Any], first: NDArray[Any], last: NDArray[Any], today: int, unit: str
    ) -> Times:
        """Of occasions counted, their first and last days, until the day `today`."""
        x = (count - 1).astype(np.float64)
        return Times(x, self.since(first, last, unit), self.since(first, today, unit))

    def since(self, first: NDArray[Any], end: NDArray[Any] | int, unit: str) -> Vector:
        """Time from the end of one day to the end of another."""
        if self.clock is None:
            return np.asarray((end - first) / days_in(unit))
        # In whole days, as the data themselves: customers alike in them are counted together.
        return np.asarray(np.rint(self.clock.between(first, end)) / days_in(unit))

    def ahead(self, today: int, days: float, unit: str) -> float:
        """The coming days, in units of time by the clock."""
        length = days_in(unit)
        if self.clock is None:
            return days / length
        return float(self.clock.between(today, today + days)) / length


NONE = Seasons(None, None, None)
"""Time goes by the calendar."""


def seasons_of(found: Occasions | Summary, unit: str, today: int, by: By | None) -> Seasons:
    """The season that shows in all repeat purchases until the day `today`; none where `by` is None.

    Where it can't be told (fewer than two whole years, no repeat purchase) `lacking` says why, and
    time goes by the calendar.
    """
    if by is None:
        return NONE
    count = found.occasions if isinstance(found, Summary) else found.count
    there = count > 0
    first, last = (own[there].astype(np.float64) for own in (found.first_day, found.last_day))
    plain = NONE.times(count[there], first, last, today, unit)
    try:
        model = mbg_nbd.fit(plain.x, plain.t_x, plain.T).model
        begun = found.first_day[there].astype(np.int64) - found.since
        births = np.bincount(begun, minlength=today - found.since + 1)
        came = np.zeros(len(births))
        known = found.repeats_by_day[: len(births)]
        came[: len(known)] = known
        season = estimate(came, expected_by_day(model, births, unit), first_day=found.since, by=by)
    except CannotFit as reason:
        return Seasons(None, None, str(reason))
    if season.is_flat:
        return Seasons(season, None, None)
    end = today + int(_YEARS_AHEAD * DAYS_PER_YEAR)
    return Seasons(season, season.clock(found.since, end), None)
