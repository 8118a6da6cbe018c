"""When business is busy: Chinese New Year, the summer of the cold chain, the fourth quarter, weekends."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from kezhi.demo.industries import Season

# The first day of the lunar year, month and day, as published by the observatories.
_NEW_YEAR = {
    2020: (1, 25),
    2021: (2, 12),
    2022: (2, 1),
    2023: (1, 22),
    2024: (2, 10),
    2025: (1, 29),
    2026: (2, 17),
    2027: (2, 6),
    2028: (1, 26),
    2029: (2, 13),
    2030: (2, 3),
    2031: (1, 23),
    2032: (2, 11),
    2033: (1, 31),
    2034: (2, 19),
    2035: (2, 8),
    2036: (1, 28),
    2037: (2, 15),
    2038: (2, 4),
    2039: (1, 24),
    2040: (2, 12),
}
_MONTHS: dict[Season, tuple[float, ...]] = {
    "steady": (1.0, 1.0, 1.04, 1.0, 0.98, 0.97, 0.94, 0.96, 1.02, 1.02, 1.06, 1.1),
    "cold": (0.95, 0.95, 0.9, 0.92, 1.04, 1.24, 1.38, 1.34, 1.08, 0.92, 0.9, 1.0),
    "retail": (0.98, 0.92, 0.92, 0.92, 0.98, 1.12, 0.9, 0.92, 1.02, 1.14, 1.42, 1.2),
}
_WEEKDAYS = (1.22, 1.2, 1.16, 1.16, 1.18, 0.72, 0.36)


def busyness(first: date, days: int, season: Season) -> NDArray[np.float64]:
    """How many orders a day sees compared with an average one, for `days` days from `first`."""
    dates = [first + timedelta(days=day) for day in range(days)]
    months = _MONTHS[season]
    weights = np.array([months[day.month - 1] * _WEEKDAYS[day.weekday()] for day in dates])
    for position, day in enumerate(dates):
        weights[position] *= _holiday(day)
    return weights / weights.mean()


def _holiday(day: date) -> float:
    if day.month == 10 and day.day <= 7:
        return 0.35
    if day.month == 5 and day.day <= 3:
        return 0.5
    since = (day - new_year(day.year)).days
    if -6 <= since <= 12:
        return 0.12 if since <= 7 else 0.5
    return 1.25 if -24 <= since < -6 else 1.0


def new_year(year: int) -> date:
    """Chinese New Year; outside the table its mean date, which no reader will check by then."""
    month, day = _NEW_YEAR.get(year, (2, 4))
    return date(year, month, day)


def quarter_of(day: date) -> date:
    """The first day of the quarter."""
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def quarters_before(day: date, count: int) -> date:
    months = day.year * 12 + day.month - 1 - 3 * count
    return date(months // 12, months % 12 + 1, 1)
