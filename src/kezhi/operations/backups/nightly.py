"""The backup of each night, and the alarm when there is no fresh, whole one."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation

from kezhi.accounts.models import Company, User
from kezhi.audit.recording import record
from kezhi.core.actor import SYSTEM
from kezhi.messaging.noticing import notify
from kezhi.operations.backups import keeping
from kezhi.operations.backups.making import make_backup
from kezhi.operations.backups.source import source
from kezhi.operations.backups.trouble import BackupTrouble

HOUR = 2
LOOKED_AT_EVERY_HOURS = 6
logger = logging.getLogger(__name__)


def tend_backups(*, at: datetime, zone: ZoneInfo) -> str:
    """Called every hour: make the night's backup, look at the newest, tell the owners what is wrong.

    Without a key nothing is made: an installation that nobody set up for it has its alarm in the checks only.
    """
    shelf = Path(settings.BACKUPS)
    fault = ""
    if settings.BACKUP_KEY:
        company = Company.current()
        with translation.override(company.language if company else settings.LANGUAGE_CODE):
            try:
                fault = _tend(shelf, at, zone)
            except BackupTrouble as trouble:
                fault = trouble.in_words()
            _raise_alarm(fault, at, zone)
    return fault


def _tend(shelf: Path, at: datetime, zone: ZoneInfo) -> str:
    found = keeping.backups(shelf)
    today = at.astimezone(zone).date()
    # Any, not the newest: a clock that ran ahead left one that is newer than now.
    has_todays = any(each.cover.at.astimezone(zone).date() == today for each in found)
    if not has_todays and at.astimezone(zone).hour >= HOUR:
        made = make_backup(source(), shelf, settings.BACKUP_KEY, at=at)
        record("backup.made", actor=SYSTEM, name=made.name)
        if settings.BACKUPS_ELSEWHERE:
            elsewhere = Path(settings.BACKUPS_ELSEWHERE)
            keeping.copy_elsewhere(made, elsewhere)
            keeping.tidy(elsewhere)
        keeping.tidy(shelf)
        keeping.check_newest(shelf, at=at)
    elif at.astimezone(zone).hour % LOOKED_AT_EVERY_HOURS == 0:
        keeping.check_newest(shelf, at=at)
    alarm = keeping.alarm(shelf, at=at)
    return alarm.in_words() if alarm else ""


def _raise_alarm(fault: str, at: datetime, zone: ZoneInfo) -> None:
    """Once a day for each owner, as long as it lasts."""
    if not fault:
        return
    logger.error("The backups need somebody: %s", fault)
    people = [
        person.pk
        for person in User.objects.active().prefetch_related("roles")
        if person.may("edit", "operations")
    ]
    notify(
        people,
        "backup.alarm",
        at=at,
        words={"what": fault},
        path="/settings/operations/",
        key=f"backup:{at.astimezone(zone).date()}",
    )
