"""All figures of one survey for a year, put together."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from kezhi.accounts.models import User
from kezhi.catalog.models import Product
from kezhi.satisfaction.analysing import counting, replying, wording
from kezhi.satisfaction.analysing.figures import (
    LEAST_SHOWN,
    LEVEL,
    SurveyFigures,
)
from kezhi.satisfaction.models import Survey
from kezhi.value.satisfaction.shares import share
from kezhi.value.satisfaction.trends import trend_of

LEAST_OF_MONTH = 5
"""Responses below which a month takes no part in the trend."""


def figures_of(survey: Survey, until: date) -> SurveyFigures:
    """The year until that day, and how the score changed against the year before."""
    since = until - counting.YEAR
    found = counting.counted(survey, since, until)
    earlier = counting.counted(survey, since - counting.YEAR, since)
    least = LEAST_SHOWN if survey.is_anonymous else 1
    groups, hidden = counting.groups_of(survey, found, _labels(found), least)
    months = counting.months_of(survey.instrument, found)
    asked, answered = counting.asked_and_answered(survey, since, until)
    questions = replying.questions_of(survey, since, until)
    related = replying.related(survey, questions, since, until)
    gaps, weighted = replying.gaps_of(survey, since, until, _weights(survey))
    words, comments = wording.words_in(survey, since, until)
    whole = found.whole
    return SurveyFigures(
        survey=survey.pk,
        instrument=survey.instrument,
        is_anonymous=survey.is_anonymous,
        responses=whole.count,
        customers=found.customers,
        asked=asked,
        answered=answered,
        overall=counting.reading(survey.instrument, whole),
        content=share(whole.content, whole.scored, level=LEVEL) if whole.scored else None,
        before=counting.reading(survey.instrument, earlier.whole),
        change=counting.difference(survey.instrument, whole, earlier.whole),
        months=months,
        trend=trend_of(
            [
                float("nan")
                if each.reading.score is None or each.reading.count < LEAST_OF_MONTH
                else each.reading.score
                for each in months
            ],
            [12.0 * each.first_on.year + each.first_on.month for each in months],
            level=LEVEL,
        ),
        bars=counting.bars_of(survey.instrument, found),
        groups=groups,
        hidden=hidden,
        questions=questions,
        alpha=related.alpha,
        drivers=related.drivers,
        outcome=related.outcome,
        priorities=related.priorities,
        why_no_drivers=related.why_not,
        gaps=gaps,
        weighted_gap=weighted,
        features=replying.features_of(survey, since, until),
        words=words,
        comments=comments,
    )


def _labels(found: counting.Counted) -> dict[str, dict[str, str]]:
    people = User.objects.filter(pk__in=counting.keys_of([found], "employee"))
    products = Product.objects.filter(pk__in=counting.keys_of([found], "product"))
    return {
        "employee": {str(pk): name for pk, name in people.values_list("pk", "name")},
        "product": {str(pk): name for pk, name in products.values_list("pk", "name")},
    }


def _weights(survey: Survey) -> dict[str, float]:
    """How much each dimension weighs, by the newest published version."""
    version = survey.published
    given = version.dimension_weights if version else {}
    return {name: float(Decimal(str(weight))) for name, weight in given.items()}
