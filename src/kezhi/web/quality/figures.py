"""Figures of colleagues and teams, for those who may see them."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kezhi.service.quality import figures as counted
from kezhi.service.quality.teaching import months_later
from kezhi.web.requests import PersonRequest, must_may

SPANS = (1, 3, 12)


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?months=`: how many months back, this one included."""
    must_may(request, "read", "case_review")
    entry = request.GET.get("months", "")
    months = int(entry) if entry in {str(each) for each in SPANS} else SPANS[1]
    since = months_later(request.today.replace(day=1), 1 - months)
    people, teams, together = counted.figures(request.actor, since)
    about = {
        "months": months,
        "spans": SPANS,
        "since": since,
        "people": people,
        "teams": teams if len(teams) > 1 else [],
        "together": together,
        "few": counted.FEW,
        "sees_value": request.actor.sees("customer", "value"),
        "tabs": tabs(request, "figures"),
    }
    return render(request, "quality/figures.html", about)


def tabs(request: PersonRequest, current: str) -> list[tuple[str, str, bool]]:
    """The pages of quality that this person may open: name of the route, key, whether it is this one."""
    pages = [
        ("quality", "figures", ("read", "case_review")),
        ("quality-reviews", "reviews", ("read", "case_review")),
        ("quality-standards", "standards", ("read", "scorecard")),
        ("quality-skills", "skills", ("read", "training")),
    ]
    return [
        (route, key, key == current) for route, key, grant in pages if request.actor.may(*grant)
    ]
