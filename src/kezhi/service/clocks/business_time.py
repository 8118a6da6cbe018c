"""Business time: which moments count, how much of it lies between two moments, and when so much has passed.

A moment counts when the clock on the wall of the calendar's place stands within the opening hours of its day.
Everything follows from that, also on the days when the wall clock is put forward or back: the hour that comes
twice counts twice, the hour that is left out doesn't count. Nothing here knows the database or the hour.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import holidays

Spans = tuple[tuple[int, int], ...]
"""Opening hours of a day: from minute to minute of the wall clock, in order, apart, 1440 is midnight."""
Interval = tuple[datetime, datetime]

A_DAY = timedelta(days=1)
DAY_MINUTES = 24 * 60
ALL_DAY: Spans = ((0, DAY_MINUTES),)
STEP = timedelta(hours=6)
"""No zone was ever put forward and back again within it."""
MOST_DAYS = 3700
"""How far ahead an end is looked for: ten years."""


class NeverOpen(ValueError):
    """So much business time doesn't come within ten years."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When a place is open.

    `weekly` has the hours of Monday to Sunday. `country` (two letters, with `region` where holidays differ
    within it) closes its public holidays, and opens the weekend days that are worked to make up for them with
    the hours of the week's first open day. `exceptions` are own days, each with its hours, none when closed;
    they come before everything else.
    """

    zone: str
    weekly: tuple[Spans, ...]
    country: str = ""
    region: str = ""
    exceptions: tuple[tuple[date, Spans], ...] = field(default=())

    @property
    def is_always_open(self) -> bool:
        return not self.country and not self.exceptions and set(self.weekly) == {ALL_DAY}

    def on(self, day: date) -> Spans:
        """The opening hours of a day."""
        own = _exceptions(self.exceptions).get(day)
        if own is not None:
            return own
        if self.country:
            closed, worked = public_days(self.country, self.region, day.year)
            if day in worked:
                return self.weekly[day.weekday()] or self.usual
            if day in closed:
                return ()
        return self.weekly[day.weekday()]

    @property
    def usual(self) -> Spans:
        """The hours of the week's first open day."""
        return next((spans for spans in self.weekly if spans), ())


def around_the_clock(zone: str = "UTC") -> Hours:
    """Hours in which every moment counts."""
    return Hours(zone, (ALL_DAY,) * 7)


def elapsed(hours: Hours, start: datetime, end: datetime) -> timedelta:
    """How much business time lies between two moments; nothing when the end comes first."""
    start, end = (
        start.astimezone(UTC),
        end.astimezone(UTC),
    )  # two of one zone differ by its wall clock
    if end <= start:
        return timedelta()
    if hours.is_always_open:
        return end - start
    passed = timedelta()
    for opened, closed in _open_from(hours, start):
        if opened >= end:
            break
        passed += min(closed, end) - max(opened, start)
    return passed


def later(hours: Hours, start: datetime, duration: timedelta) -> datetime:
    """The first moment, in UTC, by which so much business time has passed since `start`.

    Raises `NeverOpen` when it doesn't come within ten years.
    """
    start = start.astimezone(UTC)
    if duration <= timedelta() or hours.is_always_open:
        return start + max(duration, timedelta())
    left = duration
    for opened, closed in _open_from(hours, start):
        begun = max(opened, start)
        if closed - begun >= left:
            return begun + left
        left -= closed - begun
    raise NeverOpen


def is_open(hours: Hours, at: datetime) -> bool:
    """Whether the moment counts."""
    local = at.astimezone(ZoneInfo(hours.zone))
    minute = local.hour * 60 + local.minute
    return any(opens <= minute < closes for opens, closes in hours.on(local.date()))


def next_opening(hours: Hours, at: datetime) -> datetime:
    """The moment itself while open, else when it opens next; `NeverOpen` as `later`."""
    at = at.astimezone(UTC)
    for opened, _closed in _open_from(hours, at):
        return max(opened, at)
    raise NeverOpen


@lru_cache(maxsize=400)
def public_days(country: str, region: str, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Of a country and year: the public holidays, and the weekend days that are worked instead."""
    found = holidays.country_holidays(country, subdiv=region or None, years=year)
    worked = {day for day in found.weekend_workdays if day.year == year}
    return frozenset(found.keys()), frozenset(worked)


def named_days(
    country: str, region: str, year: int, language: str = "en"
) -> list[tuple[date, str]]:
    """Public holidays with their names, in a language where the library knows it, in the order of the year."""
    known = holidays.country_holidays(country).supported_languages or ()
    spoken = next((each for each in known if each.startswith(language)), None)
    found = holidays.country_holidays(country, subdiv=region or None, years=year, language=spoken)
    return sorted((day, str(name)) for day, name in found.items())


@lru_cache(maxsize=64)
def _exceptions(exceptions: tuple[tuple[date, Spans], ...]) -> dict[date, Spans]:
    return dict(exceptions)


def _open_from(hours: Hours, start: datetime) -> Iterator[Interval]:
    """The open intervals that end after `start`, in order, for ten years."""
    first = start.astimezone(ZoneInfo(hours.zone)).date() - A_DAY
    for number in range(MOST_DAYS):
        for opened, closed in _open_on(hours, first + number * A_DAY):
            if closed > start:
                yield opened, closed


@lru_cache(maxsize=20_000)
def _open_on(hours: Hours, day: date) -> tuple[Interval, ...]:
    """When it is open on a day, in UTC: the wall clock's hours under each offset that holds on that day."""
    spans = hours.on(day)
    if not spans:
        return ()
    midnight = datetime.combine(day, time.min, UTC)
    found = []
    for begins, ends, offset in _offsets(hours.zone, day):
        for opens, closes in spans:
            opened = max(midnight + timedelta(minutes=opens) - offset, begins)
            closed = min(midnight + timedelta(minutes=closes) - offset, ends)
            if opened < closed:
                found.append((opened, closed))
    return tuple(sorted(found))


def _offsets(zone: str, day: date) -> list[tuple[datetime, datetime, timedelta]]:
    """The offsets from UTC that hold around a day: from, until, how much."""
    midnight = datetime.combine(day, time.min, UTC)
    begins, ends = midnight - A_DAY, midnight + 2 * A_DAY
    changes = [
        moment
        for year in {begins.year, ends.year}
        for moment in _changes(zone, year)
        if begins < moment < ends
    ]
    borders = [begins, *sorted(changes), ends]
    place = ZoneInfo(zone)
    return [
        (one, other, one.astimezone(place).utcoffset() or timedelta())
        for one, other in pairwise(borders)
    ]


@lru_cache(maxsize=2000)
def _changes(zone: str, year: int) -> tuple[datetime, ...]:
    """When a zone's offset changes in a year of UTC, to the second."""
    place = ZoneInfo(zone)
    found = []
    moment, end = datetime(year, 1, 1, tzinfo=UTC) - STEP, datetime(year + 1, 1, 1, tzinfo=UTC)
    while moment < end:
        if _offset(place, moment) != _offset(place, moment + STEP):
            found.append(_change_between(place, moment, moment + STEP))
        moment += STEP
    return tuple(found)


def _change_between(place: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old = _offset(place, before)
    seconds = range(int((after - before).total_seconds()) + 1)
    at = bisect.bisect_left(
        seconds, True, key=lambda n: _offset(place, before + timedelta(seconds=n)) != old
    )
    return before + timedelta(seconds=at)


def _offset(place: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(place).utcoffset() or timedelta()
