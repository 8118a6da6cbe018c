"""Business time counted minute by minute: what clocks are checked against."""

from datetime import timedelta
from zoneinfo import ZoneInfo

A_MINUTE = timedelta(minutes=1)
OFFICE = ((9 * 60, 12 * 60), (13 * 60, 18 * 60))
WEEK = (OFFICE,) * 5 + ((), ())


def by_the_minute(hours, start, end):
    """The oracle: how many minutes' wall clock stands within the hours of its day."""
    place, count, at = ZoneInfo(hours.zone), 0, start
    while at < end:
        wall = at.astimezone(place)
        now = wall.hour * 60 + wall.minute
        count += any(opens <= now < closes for opens, closes in hours.on(wall.date()))
        at += A_MINUTE
    return count * A_MINUTE
