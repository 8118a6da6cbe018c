"""Work in the background: one's own read by every program, stopped by whoever may run operations."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.api.calling import Call, answered
from kezhi.api.leafing import leafed, only_parameters
from kezhi.api.problems import Problem, not_found
from kezhi.api.records import done
from kezhi.api.writing import moment
from kezhi.core.ids import record_id
from kezhi.core.models import JobRun, JobState
from kezhi.operations.minding_jobs import cancel_job, jobs_seen_by, repeat_job


def show_all(call: Call) -> HttpResponse:
    """`?of=mine` (the usual): of the person for whom the program acts; `all` for who runs operations."""
    of, state = call.parameter("of", "mine"), call.parameter("state")
    if of not in ("mine", "all"):
        raise Problem("bad-request", _("of is mine or all."))
    if of == "all":
        call.must_may("read", "operations")
    if state and state not in JobState.values:
        raise Problem("bad-request", _("state is the key of one of the states."))
    rows = jobs_seen_by(call.actor, everybodys=of == "all")
    page = leafed(call, rows.filter(state=state) if state else rows, ("of", "state"))
    return answered({"items": [_job(each, call) for each in page.rows], "next": page.next})


def show(call: Call) -> HttpResponse:
    only_parameters(call)
    return answered(_job(_one(call), call))


def cancel(call: Call) -> HttpResponse:
    """It stops within seconds; what hasn't begun ends at once."""
    job = _one(call)
    call.object("")
    return answered(_job(done(lambda: cancel_job(job, actor=call.actor, on=call.today)), call))


def repeat(call: Call) -> HttpResponse:
    """Another job with the same work; for work that may be done twice."""
    job = _one(call)
    call.object("")
    return answered(_job(done(lambda: repeat_job(job, actor=call.actor)), call), 201)


def _one(call: Call) -> JobRun:
    pk = record_id(call.parts["id"])
    rows = jobs_seen_by(call.actor, everybodys=True)
    found = rows.filter(pk=pk).first() if pk is not None else None
    if found is None:
        raise not_found()
    return found


def _job(job: JobRun, call: Call) -> dict[str, Any]:
    """What it is called and said may name people: only who runs operations reads that."""
    is_told = call.actor.may("read", "operations")
    return {
        "id": job.pk,
        "name": job.name,
        "title": str(job.told) if is_told else None,
        "state": job.state,
        "done": job.done,
        "total": job.total or None,
        "message": (job.message or None) if is_told else None,
        "created_at": moment(job.created_at),
        "started_at": moment(job.started_at) if job.started_at else None,
        "finished_at": moment(job.finished_at) if job.finished_at else None,
    }
