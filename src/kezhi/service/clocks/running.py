"""One clock in itself: how far it has come, when it rings, and what pausing and ending do to it.

Nothing here saves: `keeping` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from kezhi.service.clocks.business_time import (
    Hours,
    NeverOpen,
    around_the_clock,
    elapsed,
    later,
)
from kezhi.service.clocks.calendars import Calendars
from kezhi.service.models import Clock

State = Clock.State
WARNING = 0.75
A_SECOND = timedelta(seconds=1)
"""What is done at the very moment promised is kept; a second later it is broken."""


def hours_for(clock: Clock, calendars: Calendars) -> Hours:
    """The hours that count for this clock."""
    if clock.measure == Clock.Measure.CALENDAR:
        return around_the_clock()
    return calendars.hours(clock.calendar)


def spans(clock: Clock, until: datetime | None) -> Iterator[tuple[datetime, datetime | None]]:
    """When it ran, between its pauses; the last span is open while it runs and `until` is None."""
    begun = clock.started_at
    for one, other in clock.pauses:
        yield begun, datetime.fromisoformat(one)
        begun = datetime.fromisoformat(other)
    if clock.state == State.PAUSED and clock.paused_at is not None:
        yield begun, clock.paused_at
    else:
        yield begun, clock.ended_at or until


def spent(clock: Clock, hours: Hours, at: datetime) -> timedelta:
    """The time of its hours that has run by a moment."""
    return sum(
        (elapsed(hours, begun, min(ended or at, at)) for begun, ended in spans(clock, None)),
        timedelta(),
    )


def reached(clock: Clock, hours: Hours, duration: timedelta) -> datetime | None:
    """When so much will have run, or has; None while it pauses before that, or if it never will."""
    left = duration
    for begun, ended in spans(clock, None):
        if ended is None:
            try:
                return later(hours, begun, left)
            except NeverOpen:
                return None
        ran = elapsed(hours, begun, ended)
        if ran >= left:
            return later(hours, begun, left)
        left -= ran
    return None


def set_moments(clock: Clock, hours: Hours) -> None:
    """When it warns and is due, by what it promises and how long it has run."""
    promised = timedelta(minutes=clock.promised_minutes)
    clock.due_at = reached(clock, hours, promised)
    clock.warn_at = reached(clock, hours, promised * WARNING)


def set_attention(clock: Clock) -> None:
    """When somebody must be told next, apart from the steps up the tree."""
    if clock.state != State.RUNNING:
        clock.attend_at = None
    elif clock.level == 0:
        broken_at = clock.due_at + A_SECOND if clock.due_at is not None else None
        clock.attend_at = broken_at if clock.is_warned else (clock.warn_at or broken_at)


def judge(clock: Clock, by: datetime) -> None:
    """Whether the promise was broken by a moment; what is broken stays so until it is worked out anew."""
    if clock.due_at is not None and by > clock.due_at and not clock.is_breached:
        clock.is_breached, clock.breached_at = True, clock.due_at
        clock.decided_at = clock.due_at


def pause(clock: Clock, at: datetime, hours: Hours) -> None:
    if clock.state != State.RUNNING:
        return
    judge(clock, at)
    clock.state, clock.paused_at = State.PAUSED, max(at, clock.started_at)
    set_moments(clock, hours)
    set_attention(clock)


def resume(clock: Clock, at: datetime, hours: Hours) -> None:
    if clock.state != State.PAUSED or clock.paused_at is None:
        return
    _note_pause(clock, clock.paused_at, at)
    clock.state, clock.paused_at = State.RUNNING, None
    set_moments(clock, hours)
    set_attention(clock)
    if clock.level:
        clock.attend_at = at


def end(clock: Clock, at: datetime, hours: Hours, *, counts: bool = True) -> None:
    """It is done, or no longer counts. Kept is what is done at the very moment promised, too."""
    if not clock.is_open:
        return
    ended = clock.paused_at if clock.state == State.PAUSED and clock.paused_at else at
    judge(clock, ended)
    clock.state = State.DONE if counts else State.STOPPED
    clock.ended_at, clock.paused_at = max(ended, clock.started_at), None
    clock.elapsed_seconds = round(spent(clock, hours, clock.ended_at).total_seconds())
    set_moments(clock, hours)
    clock.attend_at = None
    if not counts:
        clock.is_breached, clock.breached_at, clock.decided_at = False, None, None
    elif not clock.is_breached:
        clock.decided_at = clock.ended_at


def reopen(clock: Clock, at: datetime, hours: Hours) -> None:
    """What was done wasn't: it runs on, without the time since."""
    if clock.state != State.DONE or clock.ended_at is None:
        return
    _note_pause(clock, clock.ended_at, at)
    clock.state, clock.ended_at, clock.elapsed_seconds = State.RUNNING, None, None
    if not clock.is_breached:
        clock.decided_at = None
    set_moments(clock, hours)
    set_attention(clock)


def revive(clock: Clock, at: datetime, hours: Hours, *, is_paused: bool) -> None:
    """It hadn't ended after all: the time since counts as if it had run, or paused, all along."""
    if clock.is_open or clock.ended_at is None:
        return
    clock.state = State.PAUSED if is_paused else State.RUNNING
    clock.paused_at = clock.ended_at if is_paused else None
    clock.ended_at = clock.elapsed_seconds = None
    if not clock.is_breached:
        clock.decided_at = None
    set_moments(clock, hours)
    set_attention(clock)
    if clock.level and not is_paused:
        clock.attend_at = at


def told_moment(clock: Clock, moment: datetime, calendars: Calendars) -> datetime:
    """A moment as the wall clock of the clock's place shows it."""
    return moment.astimezone(ZoneInfo(calendars.hours(clock.calendar).zone))


def _note_pause(clock: Clock, begun: datetime, ended: datetime) -> None:
    ended = max(begun, ended)
    clock.pauses = [
        *clock.pauses,
        [begun.astimezone(UTC).isoformat(), ended.astimezone(UTC).isoformat()],
    ]
