"""The page of the jobs: what is under way, what became of it, where its result is, and why it failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kezhi.accounts.models import User
from kezhi.core.ids import record_id
from kezhi.core.models import JobRun, JobState
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.dataio.models import ImportBatch
from kezhi.insight.models import ValueRun
from kezhi.operations import minding_jobs
from kezhi.web.requests import PersonRequest
from kezhi.workbench.models import BulkRun

PAGE = 50
STATES = {
    "": "",
    "under-way": "",
    "failed": JobState.FAILED,
    "done": JobState.DONE,
}
# Where work is watched and what it made is found: its record, and the page of that.
PAGES: tuple[tuple[str, Any, str], ...] = (
    ("bulk.", BulkRun, "bulk-run"),
    ("dataio.", ImportBatch, "import"),
    ("insight.run", ValueRun, "value-run"),
)
PLACES = {
    "insight.offers": "value-offers",
    "insight.study": "loyalty-drivers",
    "customers.find_duplicates": "duplicates",
}
RESULTS = {"segment": "segment", "hand_over": "hand-over"}


@dataclass(frozen=True)
class Line:
    job: JobRun
    by: str
    href: str
    seconds: float | None
    may_stop: bool
    may_repeat: bool


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """GET of=all (for who may), state, before (an id): newest first."""
    actor = request.actor
    may_see_all = actor.may("read", "operations")
    is_all = may_see_all and request.GET.get("of") == "all"
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    rows = minding_jobs.jobs_seen_by(actor, everybodys=is_all).order_by("-pk")
    if state == "under-way":
        rows = rows.filter(state__in=[JobState.QUEUED, JobState.RUNNING])
    elif state:
        rows = rows.filter(state=STATES[state])
    if before := record_id(request.GET.get("before", "")):
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE + 1])
    lines = _lines(found[:PAGE], request)
    about = {
        "lines": lines,
        "is_all": is_all,
        "may_see_all": may_see_all,
        "state": state,
        "older": _address(is_all, state, found[PAGE - 1].pk) if len(found) > PAGE else "",
        "lives": any(line.job.is_under_way for line in lines),
        "here": _address(is_all, state),
        "address": _address,
    }
    is_part = bool(request.htmx) and not request.htmx.boosted
    return render(request, "operations/_jobs.html" if is_part else "operations/jobs.html", about)


@require_POST
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    return _done(
        request,
        lambda: minding_jobs.cancel_job(job, actor=request.actor, on=request.today),
        _("It stops within seconds."),
    )


@require_POST
def repeat(request: PersonRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    return _done(
        request,
        lambda: minding_jobs.repeat_job(job, actor=request.actor),
        _("It was queued again."),
    )


def _job(request: PersonRequest, pk: int) -> JobRun:
    found = minding_jobs.jobs_seen_by(request.actor, everybodys=True).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _done(request: PersonRequest, deed: Any, said: str) -> HttpResponse:
    try:
        deed()
    except NotAllowed:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    is_all = request.POST.get("of") == "all" and request.actor.may("read", "operations")
    return redirect(_address(is_all))


def _address(is_all: bool, state: str = "", before: int | None = None) -> str:
    pairs = {"of": "all" if is_all else "", "state": state, "before": str(before or "")}
    query = "&".join(f"{name}={given}" for name, given in pairs.items() if given)
    return reverse("jobs") + (f"?{query}" if query else "")


def _lines(jobs: list[JobRun], request: PersonRequest) -> list[Line]:
    hrefs = hrefs_of(jobs)
    ids = {job.actor_id for job in jobs if job.actor_id is not None}
    names = dict(User.objects.filter(pk__in=ids).values_list("pk", "name"))
    return [
        Line(
            job,
            names.get(job.actor_id or 0) or _("Kezhi"),
            hrefs.get(job.pk, ""),
            (job.finished_at - job.started_at).total_seconds()
            if job.finished_at and job.started_at
            else None,
            minding_jobs.may_stop(job, request.actor),
            minding_jobs.may_repeat(job, request.actor),
        )
        for job in jobs
    ]


def hrefs_of(jobs: Iterable[JobRun]) -> dict[int, str]:
    """Where each is watched, or what it made is found; one question for each kind of work."""
    found: dict[int, str] = {}
    jobs = list(jobs)
    for beginning, model, name in PAGES:
        of_kind = [job.pk for job in jobs if job.name.startswith(beginning)]
        if of_kind:
            pairs = model.objects.filter(job_run_id__in=of_kind).values_list("job_run_id", "pk")
            found.update({job: reverse(name, args=[pk]) for job, pk in pairs})
    for job in jobs:
        if job.pk in found:
            continue
        if job.name in PLACES:
            found[job.pk] = reverse(PLACES[job.name])
        for key, name in RESULTS.items():
            if job.state == JobState.DONE and isinstance(job.result.get(key), int):
                found[job.pk] = reverse(name, args=[job.result[key]])
    return found
