"""On which day a festival is, by the calendar of the library `holidays`: lunar ones move every year."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays

from kezhi.service.models.care_plan import CarePlan

Festival = CarePlan.Festival
NAMES = {
    Festival.NEW_YEAR: "New Year's Day",
    Festival.SPRING: "Chinese New Year (Spring Festival)",
    Festival.DRAGON_BOAT: "Dragon Boat Festival",
    Festival.MID_AUTUMN: "Mid-Autumn Festival",
    Festival.NATIONAL_DAY: "National Day",
}


@lru_cache(maxsize=256)
def festival_day(festival: str, year: int) -> date | None:
    """The first day of the festival in that year; None where the calendar doesn't know it."""
    if festival == Festival.CHRISTMAS:
        return date(year, 12, 25)
    wanted = NAMES.get(Festival(festival)) if festival in Festival.values else None
    if wanted is None:
        return None
    calendar = holidays.country_holidays("CN", years=year, language="en_US")
    days = [
        day
        for day, names in calendar.items()
        if day.year == year and wanted in (each.strip() for each in names.split(";"))
    ]
    return min(days, default=None)
