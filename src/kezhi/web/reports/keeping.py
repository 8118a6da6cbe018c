"""Reports saved, changed, copied and deleted; the page that lists them all."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import registry
from kezhi.web.reports.showing import answered, seen
from kezhi.web.requests import PersonRequest, must_may
from kezhi.workbench.models import Dashboard, Report, SavedView
from kezhi.workbench.reporting import keeping
from kezhi.workbench.reporting.delivered import REPORTS, dashboards_for, reports_for
from kezhi.workbench.reporting.report import Answer
from kezhi.workbench.reporting.spec import PICTURES, Spec
from kezhi.workbench.saving_views import audience_of, audiences, shown_to

MOST_LISTED = 200


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """All dashboards and reports that this person sees, their own first."""
    must_may(request, "read", "view")
    actor = request.actor

    def mine_first(rows: Any) -> list[Any]:
        rows = rows.visible_to(actor).select_related("owner", "team", "department")
        found = list(rows.order_by("name")[:MOST_LISTED])
        return sorted(found, key=lambda each: each.owner_id != actor.pk)

    reports = [
        {"report": each, "about": _about(Spec.parse(each.asks))}
        for each in mine_first(Report.objects)
    ]
    about = {
        "dashboards": mine_first(Dashboard.objects),
        "delivered_dashboards": dashboards_for(actor),
        "reports": reports,
        "delivered": [{"report": each, "about": _about(each.spec)} for each in reports_for(actor)],
        "may_keep": actor.may("create", "view"),
        "shown_to": lambda kept: shown_to(kept, actor),
    }
    return render(request, "reports/index.html", about)


def _about(spec: Spec) -> str:
    """The records and the picture, in words."""
    kind = registry.declared(spec.kind).label_plural if spec.kind in registry else spec.kind
    return f"{kind} · {PICTURES[spec.picture]}"


@require_http_methods(["GET", "POST"])
def create(request: PersonRequest) -> HttpResponse:
    """The report in the address kept under a name: POST name, audience, is_pinned."""
    must_may(request, "create", "view")
    spec = Spec.read(request.GET)
    shown = answered(request, spec)
    typed = typed_of(request)
    if request.method == "GET" or shown.problems:
        typed["name"] = typed["name"] or _suggested(shown)
        return _form(request, typed, None, problems=shown.problems)
    try:
        report = keeping.save_report(spec, actor=request.actor, **typed)
    except NotAllowed:
        raise
    except Refused as refusal:
        return _form(request, typed, None, problems=(str(refusal),), status=422)
    messages.success(request, _("The report “%(name)s” is saved") % {"name": report.name})
    return HttpResponseRedirect(reverse("report", args=[report.pk]))


def _suggested(shown: Answer) -> str:
    """What it asks, as a name to begin with."""
    measured = [each.label(shown.kind) for each in shown.measures[:1]]
    return " · ".join([*measured, *(each.label for each in shown.dimensions)])[:60]


@require_http_methods(["GET", "POST"])
def change(request: PersonRequest, pk: int) -> HttpResponse:
    """Name, audience and pin of a report."""
    report = seen(request, pk, "edit")
    if request.method == "GET":
        typed = {
            "name": report.name,
            "audience": audience_of(report, request.actor),
            "is_pinned": report.is_pinned,
        }
        return _form(request, typed, report)
    typed = typed_of(request)
    try:
        keeping.change_report(report, typed, actor=request.actor)
    except NotAllowed:
        raise
    except Refused as refusal:
        return _form(request, typed, report, problems=(str(refusal),), status=422)
    messages.success(request, _("The report “%(name)s” is saved") % {"name": typed["name"]})
    return HttpResponseRedirect(reverse("report", args=[report.pk]))


@require_POST
def reshape(request: PersonRequest, pk: int) -> HttpResponse:
    """Keep in the report what the address asks now."""
    report = seen(request, pk, "edit")
    spec = Spec.read(request.GET)
    if answered(request, spec).problems:
        return HttpResponseRedirect(f"{reverse('report-build')}?{spec}&report={report.pk}")
    try:
        keeping.change_report(report, {"spec": spec}, actor=request.actor)
    except NotAllowed:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(f"{reverse('report-build')}?{spec}&report={report.pk}")
    messages.success(request, _("The report “%(name)s” is saved") % {"name": report.name})
    return HttpResponseRedirect(reverse("report", args=[report.pk]))


@require_POST
def copy(request: PersonRequest) -> HttpResponse:
    """POST report (a number, or the name of a delivered one): an own report that asks the same."""
    must_may(request, "create", "view")
    source = request.POST.get("report", "")
    if (pk := record_id(source)) is not None:
        known = seen(request, pk)
        name, spec = known.name, Spec.parse(known.asks)
    elif source in REPORTS:
        name, spec = str(REPORTS[source].label), REPORTS[source].spec
    else:
        raise Http404
    answered(request, spec)
    name = keeping.free_name(Report, name, request.actor)
    report = keeping.save_report(spec, name, actor=request.actor)
    messages.success(request, _("The report “%(name)s” is yours") % {"name": report.name})
    return HttpResponseRedirect(reverse("report", args=[report.pk]))


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    report = seen(request, pk, "delete")
    name = report.name
    keeping.delete_report(report, actor=request.actor)
    messages.success(request, _("The report “%(name)s” is deleted") % {"name": name})
    return HttpResponseRedirect(reverse("reports"))


def typed_of(request: PersonRequest) -> dict[str, Any]:
    return {
        "name": request.POST.get("name", "")[:200],
        "audience": request.POST.get("audience", SavedView.Audience.PRIVATE.value),
        "is_pinned": "is_pinned" in request.POST,
    }


def _form(
    request: PersonRequest,
    typed: dict[str, Any],
    report: Report | None,
    *,
    problems: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    back = (
        reverse("report", args=[report.pk])
        if report
        else f"{reverse('report-build')}?{Spec.read(request.GET)}"
    )
    about = {
        "kept": report,
        "typed": typed,
        "problems": list(problems),
        "audiences": audiences(request.actor, report),
        "action": request.get_full_path(),
        "removal": reverse("report-removal", args=[report.pk]) if report else "",
        "back": back,
        "heading": _("Edit the report “%(name)s”") % {"name": report.name}
        if report
        else _("Save as a new report"),
    }
    return render(request, "reports/form.html", about, status=status)
