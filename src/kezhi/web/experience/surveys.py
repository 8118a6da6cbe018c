"""One survey: score, trend, distribution, groups, what drives it, gaps, features, words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from kezhi.insight import experiencing
from kezhi.insight.models import Study
from kezhi.satisfaction.analysing.figures import LEAST, LEAST_OF_GROUP, LEVEL, SurveyFigures
from kezhi.satisfaction.models import Survey, SurveyQuestion
from kezhi.web import numbers
from kezhi.web.experience import heads, shown
from kezhi.web.experience import survey_pictures as pictures
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """`?by=` a dimension: tier, region, industry, employee, product."""
    heads.must_read(request)
    survey = get_object_or_404(Survey.objects.visible_to(request.actor), pk=pk)
    about = heads.about(request, Study.Subject.EXPERIENCE, "experience")
    study = about["study"]
    found = None
    if study is not None and about["sees_company"]:
        found = experiencing.survey_figures(study, survey.pk)
    about |= {
        "survey": survey,
        "found": found,
        "finding": "",
        "responses_url": reverse("experience-responses", args=[survey.pk]),
        "level": LEVEL,
        "least": LEAST,
        "least_of_group": LEAST_OF_GROUP,
    }
    if found is not None and found.responses:
        about |= _figures(request.GET.get("by", ""), survey, found, study.as_of)
    return render(request, "experience/survey.html", about)


def _figures(by: str, survey: Survey, found: SurveyFigures, as_of: date) -> dict[str, Any]:
    texts = question_texts(survey)
    address = reverse("experience-responses", args=[survey.pk])
    known = [name for name in shown.DIMENSIONS if found.groups.get(name)]
    by = by if by in known else (known[0] if known else "")
    return {
        "finding": _finding(found),
        "unit": shown.unit(found.instrument),
        "shown_score": shown.score(found.instrument, found.overall.score),
        "between": shown.interval(found.instrument, found.overall),
        "rate": found.answered / found.asked if found.asked else None,
        "span": (as_of - timedelta(days=364), as_of),
        "months": pictures.months(found, address),
        "trend_finding": _trend_finding(found),
        "bars": pictures.bars(found, address),
        "by": by,
        "choices": [
            {"label": shown.DIMENSIONS[name], "href": f"?by={name}#groups-h", "current": name == by}
            for name in known
        ],
        "groups": pictures.groups(found, by, address) if by else [],
        "group_finding": _group_finding(found, by),
        "hidden": found.hidden.get(by, 0),
        "questions": pictures.questions(found, texts),
        "priorities": pictures.priorities(found, texts),
        "priority_finding": _priority_finding(found, texts),
        "drivers": pictures.drivers(found, texts),
        "outcome": texts.get(found.outcome, found.outcome),
        "r_squared": found.drivers.r_squared if found.drivers else None,
        "gaps": pictures.gaps(found),
        "gap_finding": _gap_finding(found),
        "features": pictures.features(found, texts),
        "feature_finding": _feature_finding(found),
        "words": pictures.words(found, address),
        "commented_url": f"{address}?commented=1",
    }


def question_texts(survey: Survey) -> dict[str, str]:
    """What is asked, by code, in the words of the newest version."""
    rows = SurveyQuestion.objects.filter(version__survey=survey).order_by("version__number")
    return {each.code: each.text() for each in rows}


def _finding(found: SurveyFigures) -> Any:
    amount = shown.score(found.instrument, found.overall.score, plain=True)
    if found.overall.score is None:
        return ""
    if found.change is None:
        return told(_("%(score)s over the last 12 months"), score=amount)
    if found.change.is_clear:
        sentence = (
            _("%(score)s, clearly up on the year before")
            if found.change.difference > 0
            else _("%(score)s, clearly down on the year before")
        )
        return told(sentence, score=amount)
    return told(_("%(score)s, not clearly different from the year before"), score=amount)


def _trend_finding(found: SurveyFigures) -> Any:
    trend = found.trend
    if trend is None:
        return _("Month by month")
    if not trend.is_clear(LEVEL):
        return _("No clear trend over the months")
    per_year = abs(trend.slope) * 12
    if found.instrument == Survey.Instrument.CSAT:  # a share, so the step is in percentage points
        return told(
            _("Rising by %(points)s percentage points a year")
            if trend.slope > 0
            else _("Falling by %(points)s percentage points a year"),
            points=numbers.number(per_year, 1, plain=True),
        )
    sentence = (
        _("Rising by %(points)s a year") if trend.slope > 0 else _("Falling by %(points)s a year")
    )
    return told(sentence, points=shown.score(found.instrument, per_year, plain=True))


def _group_finding(found: SurveyFigures, by: str) -> str:
    clear = [
        one for one in found.groups.get(by, ()) if one.is_clear and one.reading.score is not None
    ]
    if not clear:
        return _("No group differs clearly from the others")
    whole = found.overall.score or 0.0
    worst = min(clear, key=lambda one: one.reading.score or 0.0)
    name = shown.group_label(by, worst)
    if (worst.reading.score or 0.0) < whole:
        return _("%(group)s is clearly less content than the others") % {"group": name}
    best = max(clear, key=lambda one: one.reading.score or 0.0)
    return _("%(group)s is clearly more content than the others") % {
        "group": shown.group_label(by, best)
    }


def _priority_finding(found: SurveyFigures, texts: dict[str, str]) -> str:
    if found.priorities is None:
        return ""
    first = found.priorities.items[0]
    return _("Most is to be won with “%(question)s”") % {
        "question": texts.get(first.name, first.name)
    }


def _gap_finding(found: SurveyFigures) -> str:
    if not found.gaps:
        return ""
    worst = found.gaps[0]
    label = dict(SurveyQuestion.Dimension.choices).get(worst.dimension, worst.dimension)
    if worst.high is not None and worst.high < 0:
        return _("Furthest behind what customers expect: %(dimension)s") % {"dimension": label}
    return _("No dimension is clearly behind what customers expect")


def _feature_finding(found: SurveyFigures) -> str:
    missing = [one for one in found.features if one.category.first == "must_be"]
    if not missing:
        return _("What features are to customers")
    sentence = ngettext(
        "%(num)d feature is taken for granted: lacking it costs most",
        "%(num)d features are taken for granted: lacking them costs most",
        len(missing),
    )
    return sentence % {"num": len(missing)}
