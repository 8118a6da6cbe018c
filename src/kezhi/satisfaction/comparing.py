"""The same measure in two periods, before and after an improvement, each with its interval."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db.models import Case, Count, F, FloatField, Q, QuerySet, Sum, When
from django.db.models.functions import Cast

from kezhi.satisfaction.models import Improvement, SurveyQuestion, SurveyReply, SurveyResponse
from kezhi.value.satisfaction.counts import difference_of_rates, rate_of
from kezhi.value.satisfaction.means import Mean, difference_of_means, mean_of
from kezhi.value.satisfaction.recommending import difference_of_scores, score_interval
from kezhi.value.satisfaction.shares import Difference

Measure = Improvement.Measure
LEVEL = 0.80
MONTH = 30.0
PROMOTES, DETRACTS = 9, 6
SCORES = (0.0, 100.0)
# How many complaints of a cause came in from a day to another; service gives it.
count_complaints: list[Callable[[str, date, date], int]] = []


def compare(improvement: Improvement, on: date) -> dict[str, Any]:
    """`before`, `after` and `difference` as JSON; the difference is there once both have answers."""
    assert improvement.before_from is not None
    assert improvement.after_from is not None
    before = (improvement.before_from, improvement.before_until or improvement.before_from)
    after = (improvement.after_from, min(improvement.after_until or on, on))
    if after[1] < after[0]:
        return {}
    if improvement.measure == Measure.COMPLAINTS:
        return _complaints(improvement, before, after)
    if improvement.measure == Measure.NPS:
        return _recommendation(improvement, before, after)
    means = [_mean(improvement, *period) for period in (before, after)]
    difference = None
    if all(each is not None and each.count > 1 for each in means):
        difference = difference_of_means(means[1], means[0], level=LEVEL)  # type: ignore[arg-type]
    shown = [_of_mean(each) for each in means]
    return _told(shown[0], shown[1], difference, is_less_better=False)


def _mean(improvement: Improvement, first: date, last: date) -> Mean | None:
    if improvement.measure == Measure.DIMENSION:
        rows: QuerySet[Any] = SurveyReply.objects.filter(
            response__survey=improvement.survey_id,
            response__answered_on__range=(first, last),
            question__dimension=improvement.dimension,
            question__sort__in=(
                SurveyQuestion.Sort.SCALE,
                SurveyQuestion.Sort.NPS,
                SurveyQuestion.Sort.PERCEPTION,
            ),
            number__isnull=False,
        )
        place = (Cast("number", FloatField()) - F("question__low")) / (
            Cast("question__high", FloatField()) - F("question__low")
        )
        turned = Case(When(question__is_reversed=True, then=1.0 - place), default=place)
        # A person's mean of the dimension counts once, however many questions it has.
        each = rows.values("response").annotate(own=Sum(turned) * 100.0 / Count("pk"))
        found = [row["own"] for row in each]
    else:
        scores = SurveyResponse.objects.filter(
            survey=improvement.survey_id, answered_on__range=(first, last), score__isnull=False
        )
        found = [float(score) for score in scores.values_list("score", flat=True)]
    if not found:
        return None
    total, squares = sum(found), sum(each * each for each in found)
    return mean_of(len(found), total, squares, level=LEVEL, scale=SCORES)


def _recommendation(
    improvement: Improvement, before: tuple[date, date], after: tuple[date, date]
) -> dict[str, Any]:
    sides = [_promoters(improvement, *period) for period in (before, after)]
    difference = None
    if all(count for _p, _d, count in sides):
        difference = difference_of_scores(sides[1], sides[0], level=LEVEL)
    shown: list[dict[str, Any] | None] = []
    for promoters, detractors, count in sides:
        if not count:
            shown.append(None)
            continue
        low, high = score_interval(promoters, detractors, count, level=LEVEL)
        score = 100 * (promoters - detractors) / count
        shown.append({"figure": score, "low": low, "high": high, "count": count})
    return _told(shown[0], shown[1], difference, is_less_better=False)


def _promoters(improvement: Improvement, first: date, last: date) -> tuple[int, int, int]:
    rows = SurveyReply.objects.filter(
        response__survey=improvement.survey_id,
        response__answered_on__range=(first, last),
        question__sort=SurveyQuestion.Sort.NPS,
        number__isnull=False,
    )
    found = rows.aggregate(
        promoters=Count("pk", filter=Q(number__gte=PROMOTES)),
        detractors=Count("pk", filter=Q(number__lte=DETRACTS)),
        every=Count("pk"),
    )
    return found["promoters"], found["detractors"], found["every"]


def _complaints(
    improvement: Improvement, before: tuple[date, date], after: tuple[date, date]
) -> dict[str, Any]:
    if not count_complaints:
        return {}
    rates = []
    for first, last in (before, after):
        count = sum(ask(improvement.cause, first, last) for ask in count_complaints)
        rates.append(rate_of(count, ((last - first).days + 1) / MONTH, level=LEVEL))
    shown = [
        {"figure": rate.rate, "low": rate.low, "high": rate.high, "count": rate.count}
        for rate in rates
    ]
    difference = difference_of_rates(rates[1], rates[0])
    return _told(shown[0], shown[1], difference, is_less_better=True)


def _of_mean(found: Mean | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"figure": found.mean, "low": found.low, "high": found.high, "count": found.count}


def _told(
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    difference: Difference | None,
    *,
    is_less_better: bool,
) -> dict[str, Any]:
    """`verdict`: better, worse, or unclear while the interval of the difference holds 0."""
    result: dict[str, Any] = {"before": before, "after": after, "is_less_better": is_less_better}
    if difference is not None:
        apart, low, high = difference.difference, difference.low, difference.high
        result["difference"] = {"figure": apart, "low": low, "high": high}
        is_more = low > 0
        is_clear = is_more or high < 0
        good = is_more != is_less_better
        result["verdict"] = ("better" if good else "worse") if is_clear else "unclear"
    return result
