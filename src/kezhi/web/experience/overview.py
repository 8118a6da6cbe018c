"""All surveys at a glance: their scores with intervals, what changed, who answers."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.insight import experiencing
from kezhi.insight.experiencing import Figures
from kezhi.insight.models import Study
from kezhi.satisfaction.analysing.figures import SurveyFigures
from kezhi.satisfaction.models import Survey, SurveyResponse
from kezhi.web import numbers
from kezhi.web.experience import heads, shown
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest) -> HttpResponse:
    """POST: work out what the responses say."""
    return heads.page_of(request, Study.Subject.EXPERIENCE, _page)


def _page(request: PersonRequest, refusal: str = "", status: int = 200) -> HttpResponse:
    about = heads.about(request, Study.Subject.EXPERIENCE, "experience", refusal)
    about |= {"rows": [], "finding": "", "figures": None}
    study = about["study"]
    surveys = {survey.pk: survey for survey in Survey.objects.visible_to(request.actor)}
    if study is not None and about["sees_company"]:
        figures = experiencing.overview(study)
        kept = [one for one in figures.surveys.values() if one.survey in surveys and one.responses]
        about |= {
            "figures": figures,
            "finding": _finding(figures, kept, surveys),
            "rows": [_row(one, surveys[one.survey]) for one in kept],
        }
    elif not about["sees_company"]:
        about["listed"] = _listed(request)
    return render(request, "experience/index.html", about, status=status)


def _listed(request: PersonRequest) -> list[dict[str, Any]]:
    """Surveys that customers of the reader's answered."""
    theirs = SurveyResponse.objects.visible_to(request.actor).filter(survey=OuterRef("pk"))
    answered = Survey.objects.visible_to(request.actor).filter(Exists(theirs))
    return [
        {"title": each.title(), "href": reverse("experience-responses", args=[each.pk])}
        for each in answered.order_by("pk")
    ]


def _row(one: SurveyFigures, survey: Survey) -> dict[str, Any]:
    change = one.change
    return {
        "title": survey.title(),
        "instrument": survey.get_instrument_display(),
        "href": reverse("experience-survey", args=[survey.pk]),
        "unit": shown.unit(one.instrument),
        "whisker": shown.whisker(one.instrument, one.overall),
        "responses": one.responses,
        "rate": numbers.percent(one.answered / one.asked) if one.asked else "",
        "change": None if change is None else round(change.difference, 1),
        "is_clear": change is not None and change.is_clear,
        "spark": [month.reading.score for month in one.months],
    }


def _finding(figures: Figures, kept: list[SurveyFigures], surveys: dict[int, Survey]) -> Any:
    falling = [one for one in kept if one.change and one.change.high < 0]
    if falling:
        worst = min(falling, key=lambda one: one.change.difference if one.change else 0.0)
        return _("“%(survey)s” is clearly lower than a year ago") % {
            "survey": surveys[worst.survey].title()
        }
    if figures.overall.score is None:
        return ""
    return told(
        _("Customers are %(score)s of 100 content"),
        score=numbers.number(figures.overall.score, 0, plain=True),
    )
