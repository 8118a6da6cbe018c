"""Who can do what, which certificates run out, and who lacks which course."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezhi.accounts.models import User
from kezhi.core.actor import Scope
from kezhi.core.ids import record_id
from kezhi.core.refusal import Refused
from kezhi.service.models import Course, SkillLevel, TrainingRecord
from kezhi.service.quality import teaching
from kezhi.web.answering import done
from kezhi.web.quality.figures import tabs
from kezhi.web.requests import PersonRequest, must_may, typed, typed_day

SHOWN = 30


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    must_may(request, "read", "training")
    return _page(request)


@require_POST
def skill(request: PersonRequest) -> HttpResponse:
    """POST person, skill, level (0 takes it away), certificate, expires_on."""
    must_may(request, "edit", "training")
    person = _person(request, typed(request, "person", 20))
    level, until = typed(request, "level", 1), typed(request, "expires_on", 10)

    def deed() -> Any:
        expires_on = typed_day(until)
        if until and expires_on is None:
            raise Refused(_("Enter the day."))
        return teaching.set_skill(
            person,
            typed(request, "skill", 40),
            int(level) if level.isdecimal() else 0,
            actor=request.actor,
            on=request.today,
            certificate=typed(request, "certificate", 120),
            expires_on=expires_on,
        )

    return _done(request, deed, _("Saved."))


@require_POST
def course(request: PersonRequest) -> HttpResponse:
    """POST course (empty: a new one), name, name_en, skill, valid_months, is_required."""
    must_may(request, "create", "training")
    pk = record_id(typed(request, "course", 20))
    known = get_object_or_404(Course, pk=pk) if pk else None
    months = typed(request, "valid_months", 3) or "0"

    def deed() -> Any:
        if not months.isdecimal():
            raise Refused(_("A course holds for 120 months at most; 0 means for good."))
        return teaching.keep_course(
            known,
            typed(request, "name", 120),
            typed(request, "name_en", 120),
            skill=typed(request, "skill", 40),
            valid_months=int(months),
            is_required="is_required" in request.POST,
            actor=request.actor,
            on=request.today,
        )

    return _done(request, deed, _("Saved."))


@require_POST
def attended(request: PersonRequest) -> HttpResponse:
    """POST course, people (several), day, result, remark."""
    must_may(request, "create", "training")
    found = get_object_or_404(Course, pk=record_id(typed(request, "course", 20)) or 0)
    chosen = {record_id(each) for each in request.POST.getlist("people")[:200]}
    people = [each for each in teaching.people_of(request.actor) if each.pk in chosen]

    def deed() -> Any:
        day = typed_day(typed(request, "day", 10))
        if day is None:
            raise Refused(_("Enter the day."))
        return teaching.note_training(
            found,
            people,
            typed(request, "result", 10),
            day=day,
            actor=request.actor,
            on=request.today,
            remark=typed(request, "remark", 300),
        )

    return _done(request, deed, _("Noted."))


def _page(request: PersonRequest, refusal: str = "", status: int = 200) -> HttpResponse:
    people = teaching.people_of(request.actor)
    skills, rows = teaching.matrix(people, on=request.today)
    soon = request.today + timedelta(days=teaching.SOON_DAYS)
    language = request.LANGUAGE_CODE
    about = {
        "skills": skills,
        "rows": rows,
        "levels": SkillLevel.Level.choices,
        "soon": soon,
        "today": request.today,
        "courses": [
            (each, each.name_in(language)) for each in Course.objects.order_by("name")[:100]
        ],
        "records": [
            (each, each.course.name_in(language))
            for each in TrainingRecord.objects.filter(user__in=people)
            .select_related("course", "user")
            .order_by("-on", "-pk")[:SHOWN]
        ],
        "results": TrainingRecord.Result.choices,
        "people": [(each.pk, each.name) for each in people],
        "may_edit": request.actor.scope("edit", "training") >= Scope.DEPARTMENT,
        "typed": request.POST,
        "attended": {record_id(each) for each in request.POST.getlist("people")[:200]},
        "form": _form_of(request),
        "refusal": refusal,
        "tabs": tabs(request, "skills"),
        "language": language,
    }
    return render(request, "quality/skills.html", about, status=status)


def _form_of(request: PersonRequest) -> str:
    """Which of the page's forms was sent and refused: `skill`, `training`, `new`, or the number of a course."""
    if request.method != "POST":
        return ""
    if "person" in request.POST:
        return "skill"
    if "day" in request.POST:
        return "training"
    return request.POST.get("course") or "new"


def _person(request: PersonRequest, entry: str) -> User:
    """One of those whose training the person may know."""
    wanted = record_id(entry)
    found = next((each for each in teaching.people_of(request.actor) if each.pk == wanted), None)
    return found or get_object_or_404(User, pk=0)


def _done(request: PersonRequest, deed: Callable[[], Any], told: str) -> HttpResponse:
    home = reverse("quality-skills")
    return done(request, deed, told, home, lambda reason: _page(request, reason, 409))
