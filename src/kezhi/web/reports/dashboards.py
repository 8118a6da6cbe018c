"""Dashboards: several reports on one page, each with its finding; own ones, shared ones, delivered ones."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.web.records.access import asking
from kezhi.web.reports.keeping import typed_of
from kezhi.web.reports.pictures import picture
from kezhi.web.reports.showing import file_of
from kezhi.web.requests import PersonRequest, must_may
from kezhi.workbench.models import Dashboard, Report
from kezhi.workbench.reporting import keeping
from kezhi.workbench.reporting.delivered import (
    DASHBOARDS,
    DeliveredDashboard,
    DeliveredReport,
    reports_for,
)
from kezhi.workbench.reporting.rendering import Part, parts_of
from kezhi.workbench.saving_views import audience_of, audiences


def seen(request: PersonRequest, pk: int, action: str = "read") -> Dashboard:
    """404 for a dashboard that the person doesn't see, 403 for one that they may not change."""
    must_may(request, "read", "view")
    board: Dashboard | None = Dashboard.objects.visible_to(request.actor).filter(pk=pk).first()
    if board is None:
        raise Http404
    if action != "read":
        if not Dashboard.objects.visible_to(request.actor, action).filter(pk=pk).exists():
            raise PermissionDenied
        must_may(request, action, "view")
    return board


def _known(request: PersonRequest, name: str) -> DeliveredDashboard:
    must_may(request, "read", "view")
    board = DASHBOARDS.get(name)
    if board is None:
        raise Http404
    if not board.may_be_read(request.actor):
        raise PermissionDenied
    return board


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    board = seen(request, pk)
    may_change = Dashboard.objects.visible_to(request.actor, "edit").filter(pk=pk).exists()
    return _page(request, board, {"title": board.name, "may_change": may_change, "about": ""})


@require_safe
def delivered(request: PersonRequest, name: str) -> HttpResponse:
    board = _known(request, name)
    return _page(
        request, board, {"title": str(board.label), "may_change": False, "about": board.about}
    )


def _page(
    request: PersonRequest, board: Dashboard | DeliveredDashboard, about: dict[str, Any]
) -> HttpResponse:
    """The first report at once; the others come when the page is there, or all of them with `whole`."""
    parts = parts_of(board, asking(request))
    is_whole = "whole" in request.GET
    shown = [
        {
            "part": part,
            "width": {1: "w4", 2: "w8", 3: "w12"}[part.width] if len(parts) > 1 else "w12",
            "address": address_of(part.report) if part.report else "",
            "picture": picture(part.answer) if part.answer and (is_whole or not place) else None,
        }
        for place, part in enumerate(parts)
    ]
    own = board if isinstance(board, Dashboard) else None
    about |= {
        "board": own,
        "name": "" if own else board.name,
        "parts": shown,
        "is_whole": is_whole,
        "may_keep": request.actor.may("create", "view"),
        "may_schedule": own is not None and own.owner_id == request.actor.pk,
        "may_export": any(
            part.answer and request.actor.may("export", part.answer.kind.name) for part in parts
        ),
        "file": reverse("dashboard-file", args=[own.pk])
        if own
        else reverse("delivered-dashboard-file", args=[board.name]),
    }
    return render(request, "reports/dashboard.html", about)


def address_of(report: Report | DeliveredReport) -> str:
    if isinstance(report, Report):
        return reverse("report", args=[report.pk])
    return reverse("delivered-report", args=[report.name])


@require_POST
def download(request: PersonRequest, pk: int) -> HttpResponse:
    """POST format: all reports of the dashboard in one file."""
    board = seen(request, pk)
    return file_of(request, board.name, lambda: _answers(request, board))


@require_POST
def download_delivered(request: PersonRequest, name: str) -> HttpResponse:
    board = _known(request, name)
    return file_of(request, str(board.label), lambda: _answers(request, board))


def _answers(request: PersonRequest, board: Dashboard | DeliveredDashboard) -> list[Any]:
    """What may be exported of it; what the reader's role doesn't export stays out."""
    parts: list[Part] = parts_of(board, asking(request), "export")
    return [(part.title, part.answer) for part in parts if part.answer is not None]


@require_http_methods(["GET", "POST"])
def create(request: PersonRequest) -> HttpResponse:
    must_may(request, "create", "view")
    typed = typed_of(request)
    if request.method == "GET":
        return _form(request, typed)
    try:
        board = keeping.save_dashboard(actor=request.actor, **typed)
    except NotAllowed:
        raise
    except Refused as refusal:
        return _form(request, typed, problem=str(refusal), status=422)
    return HttpResponseRedirect(reverse("dashboard-edit", args=[board.pk]))


@require_POST
def copy(request: PersonRequest) -> HttpResponse:
    """POST dashboard (the name of a delivered one): an own one with the same reports."""
    must_may(request, "create", "view")
    board = _known(request, request.POST.get("dashboard", ""))
    name = keeping.free_name(Dashboard, str(board.label), request.actor)
    parts = [{"report": report, "width": width} for report, width in board.parts]
    own = keeping.save_dashboard(name, actor=request.actor, parts=parts)
    messages.success(request, _("The dashboard “%(name)s” is yours") % {"name": own.name})
    return HttpResponseRedirect(reverse("dashboard-edit", args=[own.pk]))


@require_http_methods(["GET", "POST"])
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    """Name and audience; which reports stand on it, in which order and how wide."""
    board = seen(request, pk, "edit")
    if request.method == "GET":
        typed = {
            "name": board.name,
            "audience": audience_of(board, request.actor),
            "is_pinned": board.is_pinned,
        }
        return _form(request, typed, board)
    changes: dict[str, Any] = {}
    if "name" in request.POST:
        changes = typed_of(request)
    else:
        changes["parts"] = _moved(board.parts, request)
    try:
        keeping.change_dashboard(board, changes, actor=request.actor)
    except NotAllowed:
        raise
    except Refused as refusal:
        return _form(request, changes, board, problem=str(refusal), status=422)
    if "name" in changes:
        messages.success(request, _("The dashboard “%(name)s” is saved") % {"name": board.name})
        return HttpResponseRedirect(reverse("dashboard", args=[board.pk]))
    return HttpResponseRedirect(reverse("dashboard-edit", args=[board.pk]))


def _moved(parts: list[dict[str, Any]], request: PersonRequest) -> list[dict[str, Any]]:
    """The parts after one button was pressed: `add`, or `up`, `down`, `out`, `wide` with a place."""
    parts = [dict(each) for each in parts]
    said = request.POST
    if report := said.get("add", "")[:80]:
        return [*parts, {"report": report, "width": 2 if len(parts) else 3}]
    for verb in ("up", "down", "out", "wide"):
        place = said.get(verb, "")
        if not place.isdecimal() or int(place[:3]) >= len(parts):
            continue
        at = int(place[:3])
        if verb == "out":
            parts.pop(at)
        elif verb == "wide":
            parts[at]["width"] = parts[at]["width"] % 3 + 1
        else:
            to = min(max(at + (1 if verb == "down" else -1), 0), len(parts) - 1)
            parts.insert(to, parts.pop(at))
        break
    return parts


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    board = seen(request, pk, "delete")
    name = board.name
    keeping.delete_dashboard(board, actor=request.actor)
    messages.success(request, _("The dashboard “%(name)s” is deleted") % {"name": name})
    return HttpResponseRedirect(reverse("reports"))


def _form(
    request: PersonRequest,
    typed: dict[str, Any],
    board: Dashboard | None = None,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    actor = request.actor
    if board is not None and "name" not in typed:
        typed = {
            "name": board.name,
            "audience": audience_of(board, request.actor),
            "is_pinned": board.is_pinned,
        }
    own = [
        (str(each.pk), each.name)
        for each in Report.objects.visible_to(actor).order_by("name")[:200]
    ]
    delivered_ones = [(each.name, each.label) for each in reports_for(actor)]
    about = {
        "board": board,
        "typed": typed,
        "problem": problem,
        "audiences": audiences(actor, board),
        "parts": parts_of(board, asking(request)) if board else [],
        "choices": [
            *([(_("Kept reports"), own)] if own else []),
            (_("Reports of the product"), delivered_ones),
        ],
        "widths": {1: _("narrow"), 2: _("wide"), 3: _("whole width")},
    }
    return render(request, "reports/dashboard_form.html", about, status=status)
