"""When reports go out by mail: who asked for it, to whom, and the next moment it is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.workbench.models import Dashboard, Report, ReportSchedule

Rhythm = ReportSchedule.Rhythm
MOST_RECIPIENTS = 50
MOST_SCHEDULES = 10


@audited("report.scheduled")
def schedule_report(
    kept: Report | Dashboard,
    recipients: Sequence[int],
    *,
    actor: Actor,
    at: datetime,
    rhythm: str,
    at_time: time,
    zone: str,
    weekday: int = 0,
    day_of_month: int = 1,
    file: str = "",
) -> ReportSchedule:
    """Send it regularly to colleagues; each gets what they may see at the moment it is sent."""
    if not isinstance(actor, User) or kept.owner_id != actor.pk:
        raise NotAllowed(_("Only who keeps a report sends it to others."))
    people = list(User.objects.active().filter(pk__in=recipients)[: MOST_RECIPIENTS + 1])
    if not people or len(people) != len(set(recipients)):
        raise Refused(_("Choose who gets it."))
    if len(people) > MOST_RECIPIENTS:
        raise Refused(_("At most %(count)d colleagues can get it.") % {"count": MOST_RECIPIENTS})
    if rhythm not in Rhythm.values or file not in ReportSchedule.File.values:
        raise Refused(_("Choose how often, and as what."))
    if not (0 <= weekday <= 6 and 1 <= day_of_month <= 28):
        raise Refused(_("Choose the day."))
    if zone not in available_timezones():
        raise Refused(_("Choose a time zone."))
    of: dict[str, Any] = {"report": kept} if isinstance(kept, Report) else {"dashboard": kept}
    if ReportSchedule.objects.filter(**of).count() >= MOST_SCHEDULES:
        raise Refused(_("It is sent often enough already."))
    schedule = ReportSchedule(
        **of,
        owner=actor,
        rhythm=rhythm,
        weekday=weekday,
        day_of_month=day_of_month,
        at_time=at_time,
        zone=zone,
        file=file,
    )
    schedule.next_at = next_moment(schedule, at)
    schedule.save()
    schedule.recipients.set(people)
    note(recipients=len(people), rhythm=rhythm)
    return schedule


@audited("report.schedule_paused")
def pause_schedule(schedule: ReportSchedule, *, actor: Actor, at: datetime) -> ReportSchedule:
    """Stop sending, or go on from the next moment that is due."""
    kept = _own(schedule, actor)
    kept.is_active = not kept.is_active
    kept.next_at = next_moment(kept, at)
    kept.save(update_fields=["is_active", "next_at"])
    return kept


@audited("report.schedule_ended")
def end_schedule(schedule: ReportSchedule, *, actor: Actor) -> None:
    _own(schedule, actor).delete()


def _own(schedule: ReportSchedule, actor: Actor) -> ReportSchedule:
    rows = ReportSchedule.objects.select_for_update().filter(pk=schedule.pk, owner_id=actor.pk)
    kept = rows.first()
    if kept is None:
        raise NotAllowed(_("This belongs to somebody else."))
    return kept


def next_moment(schedule: ReportSchedule, after: datetime) -> datetime:
    """The first moment after `after` that the rhythm names, by the clock of the schedule's place."""
    zone = ZoneInfo(schedule.zone)
    day = after.astimezone(zone).date()
    for _tries in range(70):
        if _is_day(schedule, day):
            moment = datetime.combine(day, schedule.at_time, zone)
            if moment > after:
                return moment
        day += timedelta(days=1)
    raise AssertionError("no day of two months is one of the schedule's")


def _is_day(schedule: ReportSchedule, day: date) -> bool:
    if schedule.rhythm == Rhythm.WEEKLY:
        return day.weekday() == schedule.weekday
    return schedule.rhythm == Rhythm.DAILY or day.day == schedule.day_of_month
