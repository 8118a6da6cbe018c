"""Runs of the value engine: started, watched, stopped, and what came out of each."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.insight import naming
from kezhi.insight.measuring import cancel_value_run, start_value_run
from kezhi.insight.models import ValueRun
from kezhi.value.measure import Settings
from kezhi.web import numbers
from kezhi.web.leafing import after_day
from kezhi.web.requests import PersonRequest, must_may, must_see
from kezhi.web.value.diagnosis import Diagnosis
from kezhi.web.value.diagnosis_growth import GrowthDiagnosis

PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest) -> HttpResponse:
    """GET: the runs, newest first, `?before=` older ones. POST: a new one."""
    must_may(request, "read", "value_run")
    must_see(request, "customer", "value")
    if request.method == "POST":
        return _start(request)
    return _listed(request)


def _start(request: PersonRequest) -> HttpResponse:
    """POST as_of (a date, default today): facts dated later take no part."""
    try:
        as_of = date.fromisoformat(request.POST.get("as_of") or request.today.isoformat())
    except ValueError:
        wrong = _("Type the day as year-month-day, such as %(day)s.") % {
            "day": request.today.isoformat()
        }
        return _listed(request, refusal=wrong, status=422)
    try:
        run = start_value_run(actor=request.actor, on=request.today, as_of=as_of)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _listed(request, refusal=str(refusal), status=409)
    return HttpResponseRedirect(reverse("value-run", args=[run.pk]))


def _listed(request: PersonRequest, refusal: str = "", status: int = 200) -> HttpResponse:
    before = after_day(request.GET.get("before", ""))
    runs = ValueRun.objects.visible_to(request.actor).select_related("started_by", "job_run")
    if before:
        day, pk = before
        runs = runs.filter(Q(as_of__lt=day) | Q(as_of=day, pk__lt=pk))
    rows = list(runs.defer("diagnostics", "summary", "tree").order_by("-as_of", "-pk")[: PAGE + 1])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    about = {
        "runs": rows[:PAGE],
        "older": f"?before={last.as_of.isoformat()}~{last.pk}" if last else "",
        "newest": reverse("value-runs") if before else "",
        "naming": naming,
        "refusal": refusal,
        "may_measure": request.actor.may("measure", "value_run"),
        "under_way": ValueRun.objects.under_way(),
    }
    return render(request, "value/runs/index.html", about, status=status)


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """One run; while it is under way, htmx asks for its progress alone."""
    run = _visible(request, pk)
    if request.htmx and (request.htmx.target or "").startswith("job-"):
        if run.state != ValueRun.State.RUNNING:
            return HttpResponseClientRefresh()
        return render(request, "value/runs/_progress.html", _progress(request, run))
    return _page(request, run)


@require_POST
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    run = _visible(request, pk)
    try:
        cancel_value_run(run, actor=request.actor, on=request.today)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _page(request, _visible(request, pk), refusal=str(refusal), status=409)
    messages.success(request, _("The run stops; nothing of it is published."))
    return HttpResponseRedirect(reverse("value-run", args=[pk]))


def _visible(request: PersonRequest, pk: int) -> ValueRun:
    must_see(request, "customer", "value")
    rows = ValueRun.objects.visible_to(request.actor)
    run: ValueRun = get_object_or_404(
        rows.select_related("value_settings", "started_by", "job_run"), pk=pk
    )
    return run


def _page(
    request: PersonRequest, run: ValueRun, refusal: str = "", status: int = 200
) -> HttpResponse:
    about = {
        **_progress(request, run),
        "naming": naming,
        "growth": _growth(run),
        "diagnosis": Diagnosis(run) if run.diagnostics else None,
        "is_current": run == ValueRun.objects.latest_published(),
        "refusal": refusal,
        "under_way": None,
    }
    return render(request, "value/runs/run.html", about, status=status)


def _growth(run: ValueRun) -> GrowthDiagnosis | None:
    told = run.summary.get("growth")
    rules = Settings.from_json(run.value_settings.rules)
    return GrowthDiagnosis(told, rules.frontier_quantile) if told else None


def _progress(request: PersonRequest, run: ValueRun) -> dict[str, Any]:
    job = run.job_run
    detail = job.message if job else ""
    if job and job.seconds_left is not None:
        left = numbers.duration(job.seconds_left, plain=True)
        detail = _("%(stage)s, about %(time)s left") % {"stage": detail, "time": left}
    return {
        "run": run,
        "job": {
            "pk": run.pk,
            "title": _("Measure customer value"),
            "state": job.state,
            "done": job.done,
            "total": job.total,
            "message": job.message,
        }
        if job
        else None,
        "detail": detail,
        "may_measure": request.actor.may("measure", "value_run"),
    }
