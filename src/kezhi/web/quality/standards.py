"""Scorecards in the settings of quality: criteria with weights, in versions."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.service.models import Scorecard
from kezhi.service.quality.standards import (
    MOST_CRITERIA,
    USUAL_POINTS,
    current_scorecards,
    publish_scorecard,
    seven_rights,
)
from kezhi.web.answering import done
from kezhi.web.quality.figures import tabs
from kezhi.web.requests import PersonRequest, must_may, typed

EMPTY_LINES = 2
SHOWN = 30


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PersonRequest) -> HttpResponse:
    """`?scorecard=` one to begin from, else the seven rights; POST publishes a version."""
    must_may(request, "read", "scorecard")
    if request.method == "POST":
        must_may(request, "create", "scorecard")
        return _publish(request)
    every = current_scorecards()
    entry = request.GET.get("scorecard", "")
    chosen = next((each for each in every if str(each.pk) == entry), every[0] if every else None)
    if entry == "new":
        chosen = None
    return _page(
        request,
        chosen.name if chosen else (_("Seven rights") if not every else ""),
        chosen.name_en if chosen else "",
        list(chosen.criteria if chosen else seven_rights()),
    )


def _publish(request: PersonRequest) -> HttpResponse:
    name, name_en = typed(request, "name", 80), typed(request, "name_en", 80)
    criteria = [each for each in (_line(request, n) for n in range(MOST_CRITERIA)) if each]
    return done(
        request,
        lambda: publish_scorecard(
            name,
            name_en,
            criteria,
            actor=request.actor,
            at=timezone.now(),
            reason=typed(request, "reason", 300),
        ),
        _("Published. Samples from now on are reviewed by it."),
        reverse("quality-standards"),
        lambda reason: _page(request, name, name_en, criteria, refusal=reason, status=422),
    )


def _line(request: PersonRequest, number: int) -> dict[str, Any] | None:
    label = typed(request, f"label-{number}", 200)
    if not label:
        return None
    entry = {name: typed(request, f"{name}-{number}", 3) for name in ("weight", "most")}
    whole = {name: int(each) if each.isdecimal() else 0 for name, each in entry.items()}
    return {
        "key": typed(request, f"key-{number}", 40) or f"c{number}",
        "label": label,
        "label_en": typed(request, f"label_en-{number}", 200),
        **whole,
    }


def _page(
    request: PersonRequest,
    name: str,
    name_en: str,
    criteria: list[dict[str, Any]],
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    blank = {"key": "", "label": "", "label_en": "", "weight": "", "most": USUAL_POINTS}
    lines = [*criteria, *[blank] * EMPTY_LINES][:MOST_CRITERIA]
    about = {
        "name": name,
        "name_en": name_en,
        "lines": lines,
        "whole": sum(each["weight"] or 0 for each in criteria),
        "every": current_scorecards(),
        "versions": list(Scorecard.objects.select_related("published_by").order_by("-pk")[:SHOWN]),
        "may_publish": request.actor.may("create", "scorecard"),
        "refusal": refusal,
        "tabs": tabs(request, "standards"),
    }
    return render(request, "quality/standards.html", about, status=status)
