"""The board of improvements, the steps of one, and how before and after compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezhi.records import registry
from kezhi.satisfaction import improving
from kezhi.satisfaction.models import Improvement, SurveyReply, SurveyResponse
from kezhi.satisfaction.responding import shown_reply
from kezhi.web.answering import done
from kezhi.web.records.record import PANELS, Panel
from kezhi.web.requests import PersonRequest, must_may, typed

SHOWN = 100
State = Improvement.State
WIDTH, LEFT, RIGHT = 520, 80, 500


@dataclass(frozen=True, slots=True)
class Bar:
    """One period in the picture: the interval from x to x, its middle, and its words."""

    label: str
    y: int
    low: float
    middle: float
    high: float
    figure: float
    count: int


@require_safe
def board(request: PersonRequest) -> HttpResponse:
    """What is open in four columns, the earliest day first; each column ends at a hundred."""
    must_may(request, "read", "improvement")
    rows = Improvement.objects.visible_to(request.actor).select_related("owner", "survey")
    columns = []
    for state in Improvement.OPEN_STATES:
        found = list(rows.filter(state=state).order_by("due_on", "pk")[: SHOWN + 1])
        columns.append((state.label, found[:SHOWN], len(found) > SHOWN))
    kind = registry["improvement"]
    about = {
        "columns": columns,
        "kind": kind,
        "may_create": request.actor.may("create", "improvement"),
        "today": request.today,
    }
    return render(request, "surveys/board.html", about)


@require_POST
def move(request: PersonRequest, pk: int) -> HttpResponse:
    """POST `to` and `words`: what the step that ends came to."""
    must_may(request, "edit", "improvement")
    found = _found(request, pk)
    version = typed(request, "version", 9)
    return done(
        request,
        lambda: improving.move_improvement(
            found,
            typed(request, "to", 10),
            words=typed(request, "words", 4000),
            version=int(version) if version.isdecimal() else None,
            actor=request.actor,
            on=request.today,
        ),
        _("Moved"),
        registry["improvement"].url_of(found),
    )


@require_POST
def measure(request: PersonRequest, pk: int) -> HttpResponse:
    must_may(request, "edit", "improvement")
    found = _found(request, pk)
    return done(
        request,
        lambda: improving.measure_improvement(found, actor=request.actor, on=request.today),
        _("Measured"),
        registry["improvement"].url_of(found),
    )


def _found(request: PersonRequest, pk: int) -> Improvement:
    found: Improvement = get_object_or_404(Improvement.objects.visible_to(request.actor), pk=pk)
    return found


def improvement_panel(request: PersonRequest, improvement: Improvement) -> Panel:
    """The four steps with their words, what comes next, and the comparison."""
    steps = [
        (state, State(state).label, getattr(improvement, improving.SAYS[state]))
        for state in Improvement.OPEN_STATES
    ]
    may_edit = (
        request.actor.may("edit", "improvement")
        and Improvement.objects.visible_to(request.actor, "edit").filter(pk=improvement.pk).exists()
    )
    here = improving.ORDER.index(State(improvement.state)) if improvement.is_open else -1
    result = improvement.result
    return Panel(
        "surveys/_improvement.html",
        {
            "improvement": improvement,
            "steps": steps,
            "may_edit": may_edit,
            "next": improving.ORDER[here + 1] if here >= 0 else None,
            "previous": improving.ORDER[here - 1] if here > 0 else None,
            "result": result,
            "picture": _picture(improvement),
            "is_overdue": improvement.is_open and improvement.due_on < request.today,
        },
    )


def _picture(improvement: Improvement) -> dict[str, Any] | None:
    """Both periods on one scale, with the target where there is one."""
    sides = [(name, improvement.result.get(name)) for name in ("before", "after")]
    known = [side for _name, side in sides if side]
    if not known:
        return None
    ends = [
        side[key] for side in known for key in ("low", "high", "figure") if side[key] is not None
    ]
    target = float(improvement.target) if improvement.target is not None else None
    if target is not None:
        ends.append(target)
    low, high = min(ends), max(ends)
    room = (high - low) * 0.08 or 1.0
    low, high = low - room, high + room

    def x(number: float) -> float:
        return round(LEFT + (number - low) / (high - low) * (RIGHT - LEFT), 1)

    labels = {"before": _("Before"), "after": _("After")}
    bars = [
        Bar(
            labels[name],
            30 + 40 * place,
            x(side["low"] if side["low"] is not None else side["figure"]),
            x(side["figure"]),
            x(side["high"] if side["high"] is not None else side["figure"]),
            side["figure"],
            side["count"],
        )
        for place, (name, side) in enumerate(sides)
        if side
    ]
    return {"bars": bars, "target": x(target) if target is not None else None, "width": WIDTH}


def response_panel(request: PersonRequest, response: SurveyResponse) -> Panel:
    """Question by question what was answered."""
    rows = SurveyReply.objects.filter(response=response).select_related("question")
    replies = [
        (reply.question.text(), shown_reply(reply)) for reply in rows.order_by("question__position")
    ]
    case_url = ""
    if response.case_kind in registry and response.case_id is not None:
        kind = registry[response.case_kind]
        seen = request.actor.may("read", kind.name) and kind.visible_to(request.actor)
        found = seen.filter(pk=response.case_id).first() if seen is not False else None
        case_url = kind.url_of(found) if found is not None else ""
    return Panel("surveys/_response.html", {"replies": replies, "case_url": case_url})


PANELS["improvement"] = improvement_panel
PANELS["survey_response"] = response_panel
