"""The page of the jobs: what is under way, what became of it, where its result is, and why it failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kezhi.accounts.models import User
from kezhi.core.actor import Actor
from kezhi.core.ids import record_id
from kezhi.core.models import JobRun, JobState
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers import demanding
from kezhi.customers.models import CardBatch
from kezhi.dataio.models import ImportBatch
from kezhi.insight.models import ValueRun
from kezhi.operations import minding_jobs
from kezhi.records import registry
from kezhi.rights.models import DataRequest
from kezhi.service.care import effect as care
from kezhi.service.complaints import analysing as complaints
from kezhi.web.requests import PersonRequest
from kezhi.workbench.models import BulkRun, CustomField

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
    "service.recompute_clocks": "service-levels",
}
# What its arguments name: the rows of which who looks may see some, and the page of one.
OF_A_ROW: tuple[tuple[frozenset[str], str, Callable[[Actor], Any], str], ...] = (
    (
        frozenset({"rights.plan", "rights.package", "rights.erase"}),
        "request",
        lambda actor: DataRequest.objects.visible_to(actor),
        "data_request",
    ),
    (
        frozenset({"customers.read_cards"}),
        "batch",
        lambda actor: CardBatch.objects.visible_to(actor),
        "",
    ),
)
ANALYSES = {
    demanding.NAME: ("need", "need-demand"),
    complaints.NAME: ("complaint", "complaint-analysis"),
    care.NAME: ("care_plan", ""),
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
    hrefs = hrefs_of(jobs, request.actor)
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


def hrefs_of(jobs: Iterable[JobRun], actor: Actor) -> dict[int, str]:
    """Where each is watched, or what it made is found; one question for each kind of work."""
    found: dict[int, str] = {}
    jobs = list(jobs)
    for beginning, model, name in PAGES:
        of_kind = [job.pk for job in jobs if job.name.startswith(beginning)]
        if of_kind:
            pairs = model.objects.filter(job_run_id__in=of_kind).values_list("job_run_id", "pk")
            found.update({job: reverse(name, args=[pk]) for job, pk in pairs})
    found |= _of_rows(jobs, actor) | _of_fields(jobs, actor)
    for job in jobs:
        if job.pk not in found and (href := _of_itself(job, actor)):
            found[job.pk] = href
    return found


def _of_rows(jobs: list[JobRun], actor: Actor) -> dict[int, str]:
    """Of what the job was given, if who looks may see it."""
    found = {}
    for names, argument, visible, kind in OF_A_ROW:
        given = {job.pk: job.arguments.get(argument) for job in jobs if job.name in names}
        if not given:
            continue
        rows = {row.pk: row for row in visible(actor).filter(pk__in=set(given.values()) - {None})}
        for job, pk in given.items():
            if pk in rows:
                found[job] = (
                    registry[kind].url_of(rows[pk]) if kind else reverse("cards-batch", args=[pk])
                )
    return found


def _of_fields(jobs: list[JobRun], actor: Actor) -> dict[int, str]:
    """The fields of the kind whose entries were computed, indexed or deleted."""
    given = {job.pk: job.arguments for job in jobs if job.name.startswith("customizing.")}
    if not given or not actor.may("read", "custom_field"):
        return {}
    fields = {each["field"] for each in given.values() if isinstance(each.get("field"), int)}
    kinds = dict(CustomField.objects.filter(pk__in=fields).values_list("pk", "kind"))
    of_job = {pk: each.get("kind") or kinds.get(each.get("field")) for pk, each in given.items()}
    return {pk: reverse("fields", args=[kind]) for pk, kind in of_job.items() if kind in registry}


def _of_itself(job: JobRun, actor: Actor) -> str:
    if job.name in PLACES:
        return reverse(PLACES[job.name])
    if job.name == "rights.evidence":
        # The file is for who gathered it.
        is_own = job.actor_id == actor.pk and actor.may("read", "data_right")
        return reverse("data-rights") if is_own else ""
    if job.name == "insight.work_out_index":
        return str(job.arguments.get("here", ""))
    if job.name == "workbench.analyse" and job.arguments.get("analysis") in ANALYSES:
        kind, page = ANALYSES[job.arguments["analysis"]]
        if not actor.may("read", kind):
            return ""
        return reverse(page) if page else f"/{registry[kind].address}/"
    for key, name in RESULTS.items():
        if job.state == JobState.DONE and isinstance(job.result.get(key), int):
            return reverse(name, args=[job.result[key]])
    return ""
