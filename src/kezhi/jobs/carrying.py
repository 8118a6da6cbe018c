"""How a worker carries out work that people watch: its `JobRun` tells where it stands and how it ended."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from kezhi.accounts.models import Company, User
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.models import JobRun, JobState
from kezhi.core.progress import JobProgress, Progress, Stopped
from kezhi.core.refusal import Refused
from kezhi.messaging.noticing import notify
from kezhi.workbench.customizing import definitions

logger = logging.getLogger(__name__)

LONG = timedelta(seconds=20)


@dataclass(frozen=True)
class Job:
    """What work gets beside its arguments: for whom it is done, the day and moment, and whom to tell."""

    job_run: JobRun
    actor: Actor
    on: date
    at: datetime
    progress: Progress


Work = Callable[..., dict[str, Any]]


def watched(name: str) -> Callable[[Work], Work]:
    """Register `work(job, **arguments) -> result` as the task `name`, started by `core.queue.start`.

    `Stopped` and `Refused` end the job, not the worker. Work must be safe to repeat: after a killed worker
    it's done again from the start.
    """

    def decorate(work: Work) -> Work:
        @app.task(name=name)
        @functools.wraps(work)
        def task(*, job_run: int, **arguments: Any) -> None:
            carry_out(work, job_run, arguments)

        return work

    return decorate


def carry_out(work: Work, job_run_id: int, arguments: dict[str, Any]) -> None:
    """Do the work unless it has ended already; an unexpected fault is told to the person and raised."""
    job_run = JobRun.objects.get(pk=job_run_id)
    if not job_run.is_under_way:
        return
    job_run.start()
    actor = User.objects.filter(pk=job_run.actor_id).first() or SYSTEM
    with translation.override(language_of(actor)), definitions.as_of_now():
        try:
            result = work(_job(job_run, actor), **arguments)
        except Stopped:
            _end(job_run, JobState.CANCELLED, _("Cancelled"))
        except Refused as refusal:
            _end(job_run, JobState.FAILED, str(refusal))
            _tell(job_run, "job.failed")
        except Exception:
            logger.exception("Job %s (%s) ended unexpectedly", job_run.pk, job_run.name)
            _end(job_run, JobState.FAILED, unexpected())
            _tell(job_run, "job.failed")
            raise
        else:
            job_run.finish(JobState.DONE, result)
            _tell(job_run, "job.done")


def _tell(job_run: JobRun, kind: str) -> None:
    """Who started it has perhaps gone on to something else meanwhile."""
    begun, ended = job_run.started_at, job_run.finished_at
    if begun is None or ended is None or ended - begun < LONG:
        return
    words = {"what": job_run.title, "why": job_run.message}
    notify([job_run.actor_id], kind, at=ended, words=words, key=f"job:{job_run.pk}")


def unexpected() -> str:
    """What people are told about a fault that nobody foresaw."""
    return _(
        "It ended on an unexpected fault; nothing was changed. The worker's log has the details."
    )


def language_of(actor: Actor) -> str:
    """Progress and reasons are read by the one who started the work."""
    own = actor.language if isinstance(actor, User) else ""
    return own or Company.home().language


def _job(job_run: JobRun, actor: Actor) -> Job:
    company = Company.current()
    now = timezone.now()
    today = now.astimezone(company.zone).date() if company else now.date()
    progress = _stopped if job_run.cancel_requested else JobProgress(job_run.pk)
    return Job(job_run=job_run, actor=actor, on=today, at=now, progress=progress)


def _stopped(done: int, total: int, message: str = "") -> None:
    """Cancelled before it began: the work ends at its first word, and cleans up as it always does."""
    raise Stopped


def _end(job_run: JobRun, state: JobState, message: str) -> None:
    job_run.message = message[:300]
    job_run.save(update_fields=["message"])
    job_run.finish(state)
