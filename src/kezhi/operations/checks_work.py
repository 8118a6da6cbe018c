"""Checks of what goes on: room on the disk, backups, jobs, workers, files, certificates."""

from __future__ import annotations

import shutil
import socket
import ssl
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.core.models import JobRun, JobState
from kezhi.messaging.models import MailAccount
from kezhi.operations.backups import keeping
from kezhi.operations.checking import Said, ask, bad, check, good, warning
from kezhi.workbench.attaching import STORE, path_of
from kezhi.workbench.models import Attachment

ROOM_BAD, ROOM_SCARCE = 0.05, 0.15
LONG_WAIT = 600
MOST_FILES = 20_000
DAYS_LEFT = 21


@check("disk", gettext_lazy("Room on the disk"))
def disk(at: datetime) -> Said:
    folder = Path(settings.DATA)
    while not folder.exists():
        folder = folder.parent
    room = shutil.disk_usage(folder)
    share = room.free / room.total
    says = _("%(free)s GB of %(total)s GB are free.") % {
        "free": f"{room.free / 1e9:,.1f}",
        "total": f"{room.total / 1e9:,.1f}",
    }
    remedy = _("Make room, or move backups to another disk (KEZHI_BACKUPS).")
    if share < ROOM_BAD:
        return bad(says, remedy, free=room.free)
    if share < ROOM_SCARCE:
        return warning(says, remedy, free=room.free)
    return good(says, free=room.free)


@check("backups", gettext_lazy("Backups"))
def backups(at: datetime) -> Said:
    shelf = Path(settings.BACKUPS)
    trouble = keeping.alarm(shelf, at=at)
    if trouble is not None:
        return bad(
            trouble.in_words(),
            _("Run kezhi backup now, and see that a key is set: the worker makes one each night."),
        )
    newest = keeping.backups(shelf)[0]
    hours = int((at - newest.cover.at).total_seconds() // 3600)
    if settings.BACKUPS_ELSEWHERE:
        return good(_("The newest is %(hours)s hours old.") % {"hours": hours}, name=newest.name)
    return warning(
        _("The newest is %(hours)s hours old; all lie on this machine.") % {"hours": hours},
        _("Set KEZHI_BACKUPS_ELSEWHERE to a folder on another machine or disk."),
        name=newest.name,
    )


@check("queue", gettext_lazy("Jobs"))
def queue(at: datetime) -> Said:
    waiting, oldest = ask(
        "SELECT count(*), coalesce(max(extract(epoch FROM now() - e.at)), 0) FROM procrastinate_jobs j"
        " JOIN LATERAL (SELECT at FROM procrastinate_events WHERE job_id = j.id ORDER BY id LIMIT 1) e"
        " ON true WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())"
    )[0]
    alive = ask(
        "SELECT count(*) FROM procrastinate_workers"
        " WHERE last_heartbeat > now() - interval '60 seconds'"
    )[0][0]
    if not alive:
        return bad(
            _("No worker is running: imports, value runs and mail wait."),
            _("Start one: kezhi worker, or systemctl start kezhi-worker."),
            waiting=waiting,
        )
    if oldest > LONG_WAIT:
        return warning(
            _("%(count)s jobs wait, the oldest for %(minutes)s minutes.")
            % {"count": waiting, "minutes": int(oldest // 60)},
            _("Start another worker, or raise its --concurrency."),
            waiting=waiting,
        )
    return good(
        _("%(workers)s workers; %(count)s jobs wait.") % {"workers": alive, "count": waiting}
    )


@check("failed jobs", gettext_lazy("Failed jobs"))
def failed(at: datetime) -> Said:
    given_up = ask("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")[0][0]
    told = JobRun.objects.filter(state=JobState.FAILED, finished_at__gt=_days_before(at, 7)).count()
    if given_up:
        return warning(
            _("%(count)s jobs failed in the last 30 days and were given up.") % {"count": given_up},
            _("The page of the jobs says why; the log of the worker has the details."),
            given_up=given_up,
            told=told,
        )
    return good(_("No job was given up."), told=told)


@check("files", gettext_lazy("Files"))
def files(at: datetime) -> Said:
    """Rows without a file; a file without a row is swept away a day later."""
    rows = Attachment.objects.filter(removed_at__isnull=True).order_by("-pk")
    looked = list(rows.values_list("stored_as", flat=True)[:MOST_FILES])
    missing = [each for each in looked if not path_of(each).exists()]
    known = set(looked)
    loose = sum(
        1
        for path in islice(_stored(), MOST_FILES)
        if path.stat().st_mtime < _days_before(at, 2).timestamp()
        and uuid.UUID(hex=path.name) not in known
    )
    if len(looked) < MOST_FILES and loose:
        loose -= Attachment.objects.filter(removed_at__isnull=False).count()
    if missing:
        return bad(
            _("%(count)s attached files are gone from the disk.") % {"count": len(missing)},
            _("Restore them from a backup: kezhi restore into another folder, then copy uploads."),
            missing=[str(each) for each in missing[:20]],
        )
    if loose > 0 and len(looked) < MOST_FILES:
        return warning(
            _("%(count)s files belong to no record.") % {"count": loose},
            _("The worker sweeps them away each night: see that it runs."),
            loose=loose,
        )
    return good(_("%(count)s files looked at; each is there.") % {"count": f"{len(looked):,}"})


def _stored() -> Iterator[Path]:
    root = Path(settings.MEDIA_ROOT) / STORE
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        yield from (path for path in folder.iterdir() if len(path.name) == 32 and not path.suffix)


@check("certificate", gettext_lazy("Certificate"))
def certificate(at: datetime) -> Said:
    place = urlsplit(settings.ORIGIN)
    if place.scheme != "https" or not place.hostname:
        return good(_("No address with HTTPS is set (KEZHI_ORIGIN); nothing to look at."))
    try:
        with (
            socket.create_connection((place.hostname, place.port or 443), timeout=5) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=place.hostname) as safe,
        ):
            about = safe.getpeercert() or {}
    except OSError as error:
        return bad(
            _("%(host)s has no certificate that browsers accept: %(reason)s")
            % {"host": place.hostname, "reason": error},
            _("Renew the certificate in the web server in front."),
        )
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(about["notAfter"])), UTC)
    days = (ends - at).days
    says = _("It holds for %(days)s more days.") % {"days": days}
    if days < DAYS_LEFT:
        return warning(says, _("Renew the certificate in the web server in front."), days=days)
    return good(says, days=days)


@check("mail", gettext_lazy("Mailboxes"))
def mail(at: datetime) -> Said:
    looked = list(MailAccount.objects.active())
    troubled = [
        f"{box.name}: {box.sending_said or box.fetching_said or box.sending_problem or box.fetching_problem}"
        for box in looked
        if box.sending_problem or box.fetching_problem
    ]
    if troubled:
        return warning(
            _("%(count)s mailboxes can’t send or fetch: %(names)s")
            % {"count": len(troubled), "names": "; ".join(troubled[:3])},
            _("Open the mailbox in the settings: it says what its server answered."),
            mailboxes=troubled,
        )
    return good(_("%(count)s mailboxes, no trouble.") % {"count": len(looked)})


def _days_before(at: datetime, days: int) -> datetime:
    return at - timedelta(days=days)
