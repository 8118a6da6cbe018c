"""Units of time of the models, and durations written for people.

A data set has one model unit. A week is 7 days and a month 365.25/12 days, exactly; horizons and
rates are given as durations ("36m") and rates per year, and converted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Unit = Literal["day", "week", "month"]

DAYS: dict[str, float] = {"day": 1.0, "week": 7.0, "month": 365.25 / 12}
DAYS_PER_YEAR = 365.25

_SUFFIXES = {"d": "day", "w": "week", "m": "month", "y": "year"}


def days_in(unit: str) -> float:
    """Length of a model unit in days.

    >>> days_in("week")
    7.0
    """
    if unit not in DAYS:
        raise ValueError(f"{unit!r} is no unit of time; use day, week or month")
    return DAYS[unit]


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time in days, as written by a person.

    >>> Duration.parse("39w").days
    273.0
    >>> round(Duration.parse("36m").in_unit("week"), 3)
    156.536
    """

    days: float

    @classmethod
    def parse(cls, text: str) -> Duration:
        """From `39w`, `36m`, `90d`, `2y`."""
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([dwmy])\s*", text.lower())
        if match is None:
            raise ValueError(f"{text!r} is no duration; write it like 90d, 39w, 36m or 2y")
        unit = _SUFFIXES[match[2]]
        length = DAYS_PER_YEAR if unit == "year" else DAYS[unit]
        return cls(float(match[1]) * length)

    def in_unit(self, unit: str) -> float:
        """The duration counted in model units."""
        return self.days / days_in(unit)
