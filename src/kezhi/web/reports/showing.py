"""A report on its page, as a part of a dashboard, and as a file."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.web.records.access import asking
from kezhi.web.reports.pictures import picture
from kezhi.web.requests import PersonRequest, must_may
from kezhi.workbench.models import Report
from kezhi.workbench.reporting.delivered import REPORTS
from kezhi.workbench.reporting.rendering import FORMATS, rendered
from kezhi.workbench.reporting.report import Answer, NoSuchKind, answer
from kezhi.workbench.reporting.spec import Spec


def seen(request: PersonRequest, pk: int, action: str = "read") -> Report:
    """404 for a report that the person doesn't see, 403 for one that they see but may not change."""
    must_may(request, "read", "view")
    report: Report | None = Report.objects.visible_to(request.actor).filter(pk=pk).first()
    if report is None:
        raise Http404
    if action != "read":
        if not Report.objects.visible_to(request.actor, action).filter(pk=pk).exists():
            raise PermissionDenied
        must_may(request, action, "view")
    return report


def answered(request: PersonRequest, spec: Spec, action: str = "read") -> Answer:
    """403 where the person's role doesn't read these records at all."""
    try:
        return answer(spec, asking(request), action)
    except NoSuchKind:
        raise PermissionDenied from None


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    report = seen(request, pk)
    return _page(request, report.name, Spec.parse(report.asks), report=report)


@require_safe
def delivered(request: PersonRequest, name: str) -> HttpResponse:
    """A report that comes with the product."""
    must_may(request, "read", "view")
    if name not in REPORTS:
        raise Http404
    known = REPORTS[name]
    return _page(request, str(known.label), known.spec, name=name)


def _page(
    request: PersonRequest, title: str, spec: Spec, *, report: Report | None = None, name: str = ""
) -> HttpResponse:
    shown = answered(request, spec)
    drawn = picture(shown)
    address = (
        reverse("report", args=[report.pk]) if report else reverse("delivered-report", args=[name])
    )
    about: dict[str, Any] = {"title": title, "picture": drawn, "address": address, "spec": spec}
    if request.htmx and request.htmx.target and request.htmx.target.startswith("part-"):
        return render(request, "reports/_part.html", about)
    actor = request.actor
    about |= {
        "report": report,
        "name": name,
        "may_change": report is not None
        and Report.objects.visible_to(actor, "edit").filter(pk=report.pk).exists(),
        "may_keep": actor.may("create", "view"),
        "may_export": actor.may("export", spec.kind),
        "may_schedule": report is not None and report.owner_id == actor.pk,
        "build": f"{reverse('report-build')}?{spec}" + (f"&report={report.pk}" if report else ""),
        "file": f"{reverse('report-file')}?{spec}",
    }
    return render(request, "reports/report.html", about, status=422 if shown.problems else 200)


@require_POST
def download(request: PersonRequest) -> HttpResponse:
    """POST format (csv, xlsx, pdf) and title, to the address of the report."""
    must_may(request, "read", "view")
    spec = Spec.read(request.GET)
    title = request.POST.get("title", "")[:60] or "report"
    return file_of(request, title, lambda: [(title, answered(request, spec, "export"))])


def file_of(request: PersonRequest, title: str, answers: Any) -> HttpResponse:
    form = request.POST.get("format", "")
    if form not in FORMATS:
        return HttpResponse(status=400)
    try:
        pairs = answers()
        if any(each.problems for _title, each in pairs):
            return _said(" ".join(p for _title, each in pairs for p in each.problems), 422)
        made = rendered(title, pairs, actor=request.actor, form=form, on=request.today)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        return _said(str(refusal), 409)
    response = HttpResponse(made.content, content_type=made.media_type)
    response.headers["Content-Disposition"] = f"attachment; filename*=utf-8''{quote(made.name)}"
    return response


def _said(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
