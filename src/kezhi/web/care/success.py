"""A success plan's page: its measures and how they went, the next review, and how it ended."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kezhi.core.refusal import Refused
from kezhi.service.models import SuccessMeasure, SuccessPlan
from kezhi.service.success import planning
from kezhi.service.success.health import expected_by, progress_of
from kezhi.web.answering import done_with
from kezhi.web.records.actions import TONES
from kezhi.web.records.record import PANELS, Panel
from kezhi.web.requests import PersonRequest, typed, typed_day, typed_number


def _panel(request: PersonRequest, plan: SuccessPlan) -> Panel:
    may_edit = SuccessPlan.objects.visible_to(request.actor, "edit").filter(pk=plan.pk).exists()
    about = {
        "plan": plan,
        "progress": progress_of(plan),
        "expected": expected_by(plan, request.today),
        "may_edit": may_edit,
        "next_review": request.today + planning.REVIEW_EVERY,
    }
    return Panel("care/_success_panel.html", about)


@require_POST
def add_measure(request: PersonRequest, pk: int) -> HttpResponse:
    """POST name, unit, start and target."""
    start, target = (typed_number(request.POST.get(name, "")) for name in ("start", "target"))

    def deed(plan: SuccessPlan) -> None:
        if start is None or target is None:
            raise Refused(_("Enter where it starts and where it is to be, as numbers."))
        planning.add_measure(
            plan,
            typed(request, "name"),
            typed(request, "unit"),
            start,
            target,
            actor=request.actor,
            on=request.today,
        )

    return done_with(request, "success_plan", pk, deed, _("Saved"))


@require_POST
def remove_measure(request: PersonRequest, pk: int, measure: int) -> HttpResponse:
    found = get_object_or_404(SuccessMeasure, pk=measure, plan_id=pk)
    return done_with(
        request,
        "success_plan",
        pk,
        lambda plan: planning.remove_measure(plan, found, actor=request.actor, on=request.today),
        _("Removed"),
    )


@require_POST
def read_measure(request: PersonRequest, pk: int, measure: int) -> HttpResponse:
    """POST figure, on (empty: today) and remark."""
    found = get_object_or_404(SuccessMeasure, pk=measure, plan_id=pk)
    figure = typed_number(request.POST.get("figure", ""))
    day = typed(request, "on")

    def deed(plan: SuccessPlan) -> None:
        if figure is None:
            raise Refused(_("Enter a number."))
        read_on = typed_day(day) if day else request.today
        if read_on is None:
            raise Refused(_("Enter a day."))
        planning.read_measure(
            plan,
            found,
            figure,
            read_on=read_on,
            remark=typed(request, "remark"),
            actor=request.actor,
            on=request.today,
        )

    return done_with(request, "success_plan", pk, deed, _("Saved"))


@require_POST
def review(request: PersonRequest, pk: int) -> HttpResponse:
    """POST next: the day of the next review."""
    day = typed_day(typed(request, "next"))

    def deed(plan: SuccessPlan) -> None:
        if day is None:
            raise Refused(_("Enter a day."))
        planning.review_plan(plan, next_on=day, actor=request.actor, on=request.today)

    return done_with(request, "success_plan", pk, deed, _("Reviewed"))


@require_POST
def end(request: PersonRequest, pk: int) -> HttpResponse:
    """POST state (achieved or given_up) and lesson."""
    state, lesson = typed(request, "state"), typed(request, "lesson", 4000)
    return done_with(
        request,
        "success_plan",
        pk,
        lambda plan: planning.end_plan(
            plan, state, lesson=lesson, actor=request.actor, on=request.today
        ),
        _("Saved"),
    )


@require_POST
def reopen(request: PersonRequest, pk: int) -> HttpResponse:
    return done_with(
        request,
        "success_plan",
        pk,
        lambda plan: planning.reopen_plan(plan, actor=request.actor, on=request.today),
        _("Open again"),
    )


def _tones(plan: SuccessPlan, on: Any) -> dict[str, str]:
    tones = {"at_risk": "warn", "off_track": "risk", "achieved": "good"}
    found = {"state": tones[plan.state]} if plan.state in tones else {}
    if plan.is_running and plan.review_on is not None and plan.review_on < on:
        found["review_on"] = "warn"
    return found


PANELS["success_plan"] = _panel
TONES["success_plan"] = _tones
