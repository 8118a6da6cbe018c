"""Work in progress, in one place: whose is seen by whom, stopped by whom, done again by whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kezhi.audit.recording import audited
from kezhi.core import queue
from kezhi.core.actor import Actor
from kezhi.core.models import JobRun, JobState
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.deduplicating_scan import cancel_scan
from kezhi.dataio.importing import cancel_import
from kezhi.dataio.models import ImportBatch
from kezhi.insight.measuring import cancel_value_run
from kezhi.insight.models import OfferRun, Study, ValueRun
from kezhi.insight.offering import cancel_offer_run
from kezhi.insight.studying import cancel_study
from kezhi.workbench.bulk_changing import cancel_bulk
from kezhi.workbench.models import BulkRun

KEPT = timedelta(days=30)
# Work that depends on nothing but its arguments, and may be done twice. Other work is begun again on its own
# page, where people see what they begin.
REPEATABLE = frozenset(
    {
        "customers.find_duplicates",
        "customers.follow_people",
        "customizing.recompute",
        "customizing.index",
        "search.fill",
        "segments.freeze",
        "workbench.analyse",
    }
)


def jobs_seen_by(actor: Actor, *, everybodys: bool = False) -> QuerySet[JobRun]:
    """One's own; everybody's for who looks after the installation."""
    if everybodys and actor.may("read", "operations"):
        return JobRun.objects.all()
    return JobRun.objects.filter(actor_id=actor.pk, actor_id__isnull=False)


def may_stop(job: JobRun, actor: Actor) -> bool:
    return job.is_under_way and (_is_own(job, actor) or actor.may("edit", "operations"))


def may_repeat(job: JobRun, actor: Actor) -> bool:
    has_ended = job.state in (JobState.FAILED, JobState.CANCELLED)
    return has_ended and job.name in REPEATABLE and _is_own(job, actor)


@audited("job.cancelled")
def cancel_job(job: JobRun, *, actor: Actor, on: date) -> JobRun:
    """Ask it to stop, by the deed of its own where it has one; what hasn't begun ends at once."""
    job = _seen(job, actor)
    if not job.is_under_way:
        raise Refused(_("It has ended already."))
    if not may_stop(job, actor):
        raise NotAllowed(_("This is somebody else’s work."))
    stop = _STOPPERS.get(job.name.partition(".")[0]) if _is_own(job, actor) else None
    if stop is None or not stop(job, actor, on):
        JobRun.ask_to_stop(job.pk)
    return JobRun.objects.get(pk=job.pk)


@audited("job.repeated")
def repeat_job(job: JobRun, *, actor: Actor) -> JobRun:
    job = _seen(job, actor)
    if not may_repeat(job, actor):
        raise Refused(_("This work is begun again on its own page."))
    if JobRun.objects.under_way().filter(name=job.name, arguments=job.arguments).exists():
        raise Refused(_("It is under way already."))
    return queue.start(job.name, job.told, actor=actor, **job.arguments)


def forget_ended_jobs(*, at: datetime) -> int:
    """What they made stays; the rows that told of it go."""
    ended = JobRun.objects.filter(finished_at__lt=at - KEPT)
    return ended.exclude(state__in=[JobState.QUEUED, JobState.RUNNING]).delete()[0]


def _seen(job: JobRun, actor: Actor) -> JobRun:
    found = jobs_seen_by(actor, everybodys=True).select_for_update().filter(pk=job.pk).first()
    if found is None:
        raise NotAllowed(_("This is somebody else’s work."))
    return found


def _is_own(job: JobRun, actor: Actor) -> bool:
    return job.actor_id is not None and job.actor_id == actor.pk


def _stop_import(job: JobRun, actor: Actor, on: date) -> bool:
    return _with(ImportBatch, job, lambda batch: cancel_import(batch, actor=actor))


def _stop_bulk(job: JobRun, actor: Actor, on: date) -> bool:
    return _with(BulkRun, job, lambda run: cancel_bulk(run, actor=actor))


def _stop_scan(job: JobRun, actor: Actor, on: date) -> bool:
    if job.name != "customers.find_duplicates":
        return False
    cancel_scan(actor=actor)
    return True


def _stop_insight(job: JobRun, actor: Actor, on: date) -> bool:
    return (
        _with(ValueRun, job, lambda run: cancel_value_run(run, actor=actor, on=on))
        or _with(OfferRun, job, lambda run: cancel_offer_run(run, actor=actor, on=on))
        or _with(Study, job, lambda study: cancel_study(study, actor=actor, on=on))
    )


def _with(model: Any, job: JobRun, stop: Callable[[Any], object]) -> bool:
    found = model._default_manager.filter(job_run=job).first()
    if found is None:
        return False
    stop(found)
    return True


_STOPPERS: dict[str, Callable[[JobRun, Actor, date], bool]] = {
    "bulk": _stop_bulk,
    "customers": _stop_scan,
    "dataio": _stop_import,
    "insight": _stop_insight,
}
