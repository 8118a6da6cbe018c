"""The figures of a survey as its page draws them; each part has the list behind it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy, pgettext_lazy

from kezhi.customers.models.standing import Tier
from kezhi.satisfaction.analysing.figures import SurveyFigures
from kezhi.satisfaction.models import Survey, SurveyQuestion
from kezhi.value.surveys import KANO
from kezhi.web import numbers
from kezhi.web.experience import shown

CATEGORIES = {
    "must_be": pgettext_lazy("kano", "Must-be"),
    "one_dimensional": pgettext_lazy("kano", "One-dimensional"),
    "attractive": pgettext_lazy("kano", "Attractive"),
    "indifferent": pgettext_lazy("kano", "Indifferent"),
    "reverse": pgettext_lazy("kano", "Reverse"),
    "questionable": pgettext_lazy("kano", "Questionable"),
}
FIELDS = {
    "concentrate": gettext_lazy("Improve first"),
    "keep": gettext_lazy("Keep it up"),
    "low_priority": gettext_lazy("Can wait"),
    "overkill": gettext_lazy("Good enough"),
}
EDGE = 10  # per cent kept free inside a picture's frame


def months(found: SurveyFigures, address: str) -> list[dict[str, Any]]:
    """Columns of a picture: a point with its interval for each month."""
    wide = 100 / max(len(found.months), 1)
    rows = []
    for number, month in enumerate(found.months):
        first = month.first_on
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        reading = month.reading
        at = None if reading.score is None else shown.place(found.instrument, reading.score)
        low, high = (
            None if end is None else shown.place(found.instrument, end)
            for end in (reading.low, reading.high)
        )
        rows.append(
            {
                "x": round(wide * (number + 0.5), 2),
                "y": None if at is None else round(100 - at, 2),
                "top": None if high is None else round(100 - high, 2),
                "bottom": None if low is None else round(100 - low, 2),
                "label": f"{first:%Y-%m}",
                "shown": shown.score(found.instrument, reading.score),
                "between": shown.interval(found.instrument, reading),
                "count": numbers.number(reading.count),
                "href": f"{address}?" + urlencode({"since": first, "until": last}),
            }
        )
    return rows


def bars(found: SurveyFigures, address: str) -> list[dict[str, Any]]:
    """The distribution: how many gave each answer, or fell into each tenth of the scale."""
    most = max((bar.count for bar in found.bars), default=0) or 1
    is_nps = found.instrument == Survey.Instrument.NPS
    rows = []
    for bar in found.bars:
        low, high = (10 * bar.low, 10 * bar.high) if is_nps else (bar.low, bar.high)
        tone = "" if not is_nps else "good" if bar.low >= 9 else "risk" if bar.low <= 6 else "plain"
        rows.append(
            {
                "label": str(bar.low) if bar.low == bar.high else f"{bar.low}–{bar.high}",
                "count": numbers.number(bar.count),
                "height": round(100 * bar.count / most, 2),
                "tone": tone,
                "href": f"{address}?" + urlencode({"low": low, "high": high}),
            }
        )
    return rows


def groups(found: SurveyFigures, by: str, address: str) -> list[dict[str, Any]]:
    own = list(found.groups[by])
    if by == "tier":
        own.sort(key=lambda group: Tier.values.index(group.key))
    return [
        {
            "label": shown.group_label(by, group),
            "href": f"{address}?" + urlencode({by: group.key}),
            "is_clear": group.is_clear,
            **shown.whisker(found.instrument, group.reading),
        }
        for group in own
    ]


def questions(found: SurveyFigures, texts: dict[str, str]) -> list[dict[str, Any]]:
    dimensions = dict(SurveyQuestion.Dimension.choices)
    return [
        {
            "text": texts.get(one.code, one.code),
            "dimension": dimensions.get(one.dimension, "") if one.dimension else "",
            **shown.whisker("own", one.reading),
        }
        for one in found.questions
        if one.sort != "expectation"
    ]


def priorities(found: SurveyFigures, texts: dict[str, str]) -> dict[str, Any] | None:
    """The map of importance (up) and performance (across), its four fields, and the table."""
    placed = found.priorities
    if placed is None:
        return None
    across, up = (
        _scaled([one.performance for one in placed.items]),
        _scaled([one.importance for one in placed.items]),
    )
    points = []
    for number, one in enumerate(placed.items, 1):
        x, y = across(one.performance), up(one.importance)
        points.append({"number": number, "x": x, "y": round(100 - y, 2), "field": one.field})
    return {
        "points": points,
        "line_x": across(placed.performance_line),
        "line_y": round(100 - up(placed.importance_line), 2),
        "fields": FIELDS,
        "rows": [
            {
                "number": number,
                "text": texts.get(one.name, one.name),
                "importance": numbers.percent(one.importance),
                "performance": numbers.number(one.performance, 0),
                "field": FIELDS[one.field],
                "is_first": one.field == "concentrate",
            }
            for number, one in enumerate(placed.items, 1)
        ],
    }


def _scaled(amounts: list[float]) -> Any:
    """Places on a picture, the outer points at its edges."""
    low, high = min(amounts), max(amounts)
    wide = high - low

    def place(amount: float) -> float:
        share = 0.5 if wide <= 0 else (amount - low) / wide
        return round(EDGE + (100 - 2 * EDGE) * share, 2)

    return place


def drivers(found: SurveyFigures, texts: dict[str, str]) -> list[list[Any]]:
    if found.drivers is None:
        return []
    whole = max(found.drivers.r_squared, 1e-12)
    return [
        [
            texts.get(one.name, one.name),
            numbers.percent(one.johnson / whole),
            numbers.percent(one.shapley / whole),
            numbers.number(one.beta, 2),
            _reach(one.beta, one.standard_error),
        ]
        for one in sorted(found.drivers.drivers, key=lambda one: -one.johnson)
    ]


def _reach(beta: float, error: float) -> str:
    ends = (beta - 1.96 * error, beta + 1.96 * error)
    return " ~ ".join(numbers.number(end, 2, plain=True) for end in ends)


def gaps(found: SurveyFigures) -> list[dict[str, Any]]:
    """Expectation and perception of each dimension on one line, the widest gap first."""
    labels = dict(SurveyQuestion.Dimension.choices)
    return [
        {
            "label": labels.get(one.dimension, one.dimension),
            "expected": round(one.expectation, 2),
            "seen": round(one.perception, 2),
            "x": round(min(one.expectation, one.perception), 2),
            "width": round(abs(one.gap), 2),
            "gap": numbers.number(one.gap, 1),
            "between": _between(one.low, one.high),
            "weight": numbers.percent(one.weight),
            "count": numbers.number(one.count),
            "is_behind": one.high is not None and one.high < 0,
            "shown_expected": numbers.number(one.expectation, 0),
            "shown_seen": numbers.number(one.perception, 0),
        }
        for one in found.gaps
    ]


def _between(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return numbers.none()
    return " ~ ".join(numbers.number(end, 1, plain=True) for end in (low, high))


def features(found: SurveyFigures, texts: dict[str, str]) -> dict[str, Any] | None:
    """Kano's map: Better across, Worse up; and the table with the counts."""
    if not found.features:
        return None
    rows, points = [], []
    for number, one in enumerate(found.features, 1):
        better, worse = one.better or 0.0, -(one.worse or 0.0)
        points.append(
            {
                "number": number,
                "x": round(EDGE + (100 - 2 * EDGE) * better, 2),
                "y": round(100 - EDGE - (100 - 2 * EDGE) * worse, 2),
                "is_clear": one.category.is_clear,
            }
        )
        rows.append(
            {
                "number": number,
                "text": texts.get(one.code, one.code),
                "category": CATEGORIES[one.category.first],
                "second": "" if one.category.is_clear else CATEGORIES[one.category.second],
                "better": numbers.percent(one.better),
                "worse": numbers.percent(one.worse),
                "counts": [numbers.number(count) for count in one.counts],
                "count": numbers.number(one.category.respondents),
            }
        )
    return {"rows": rows, "points": points, "heads": [CATEGORIES[name] for name in KANO]}


def words(found: SurveyFigures, address: str) -> list[dict[str, Any]]:
    most = max((word.count for word in found.words), default=0) or 1
    return [
        {
            "word": word.word,
            "count": numbers.number(word.count),
            "size": 1 + round(3 * word.count / most),
            "score": None if word.score is None else numbers.number(word.score, 0, plain=True),
            "is_low": word.score is not None and word.score < 50,
            "href": f"{address}?" + urlencode({"word": word.word}),
        }
        for word in found.words
    ]
