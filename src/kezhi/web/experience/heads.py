"""What the pages of experience have in common: the study behind them, its state, their tabs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kezhi.core.actor import Actor, Scope
from kezhi.insight.models import Study
from kezhi.satisfaction.models import SurveyAnswer, SurveyItem, SurveyResponse
from kezhi.web.requests import PersonRequest, must_may
from kezhi.web.value import studies

Page = Callable[..., HttpResponse]


def sees_company(actor: Actor) -> bool:
    """Whether figures of all responses together are for this actor."""
    return actor.scope("read", "survey_response") is Scope.ALL


def must_read(request: PersonRequest) -> None:
    must_may(request, "read", "survey_response")


def page_of(request: PersonRequest, subject: str, page: Page) -> HttpResponse:
    """The page of a study. POST: work it out; `page` shows what stands in the way."""
    return studies.page_of(request, subject, page, kind="survey_response")


def about(request: PersonRequest, subject: str, current: str, refusal: str = "") -> dict[str, Any]:
    """What every such page shows beside its figures."""
    actor = request.actor
    newest = SurveyResponse.objects.order_by("-id").first() if subject == "experience" else None
    return {
        **studies.state_of(request, subject, newest),
        "sees_company": sees_company(actor),
        "may_export": actor.may("export", "survey_response"),
        "has_any": subject != "experience" or newest is not None or _has_answers(),
        "refusal": refusal,
        "page_url": reverse(studies.PAGES[Study.Subject(subject)]),
        "tabs": tabs(current),
        "scope": _scope_words(actor),
    }


def _has_answers() -> bool:
    """Whether customers said elsewhere how content they are, and it was brought in."""
    item = SurveyItem.Factor.SATISFACTION
    return bool(SurveyAnswer.objects.filter(item__factor=item).exists())


def tabs(current: str) -> list[dict[str, Any]]:
    named = (
        ("experience", _("Surveys")),
        ("experience-map", _("Satisfaction and loyalty")),
        ("experience-promises", _("Promised and delivered")),
        ("experience-journey", _("Journey")),
        ("experience-level", _("Service level")),
    )
    return [
        {"label": label, "href": reverse(name), "current": name == current} for name, label in named
    ]


def _scope_words(actor: Actor) -> str:
    return {
        Scope.ALL: _("All customers"),
        Scope.DEPARTMENT: _("Your department’s customers"),
        Scope.TEAM: _("Your team’s customers"),
        Scope.OWN: _("Your own customers"),
    }.get(actor.scope("read", "survey_response"), "")
