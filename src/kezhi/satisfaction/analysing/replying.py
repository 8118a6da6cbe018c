"""Answers to single questions: means, reliability, drivers, gaps between expectation and perception, Kano."""

# ruff: noqa: S608  # the parts of queries are the code's own; what varies goes as a parameter
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from kezhi.satisfaction.analysing.figures import (
    LEAST,
    LEVEL,
    Feature,
    Gap,
    QuestionReading,
    Reading,
)
from kezhi.satisfaction.models import Survey, SurveyQuestion
from kezhi.value.drivers import MOST, Drivers, drivers
from kezhi.value.satisfaction.features import category_of
from kezhi.value.satisfaction.means import cronbach_alpha, mean_of
from kezhi.value.satisfaction.priorities import Priorities, priorities
from kezhi.value.surveys import kano

Vector = NDArray[np.float64]

NEWEST = 20_000
"""Responses whose single answers are related to each other: the newest."""
ANSWERED = """
    SELECT r.id AS response, q.code, q.sort, q.dimension, p.number::float8 AS given,
           CASE WHEN q.is_reversed THEN q.high - p.number ELSE p.number - q.low END::float8
             / (q.high - q.low) * 100 AS placed
    FROM satisfaction_surveyresponse r
    JOIN satisfaction_surveyreply p ON p.response_id = r.id
    JOIN satisfaction_surveyquestion q ON q.id = p.question_id
    WHERE r.survey_id = %(survey)s AND r.answered_on > %(since)s AND r.answered_on <= %(until)s
      AND p.number IS NOT NULL"""
BY_QUESTION = f"""
    SELECT code, max(sort), max(dimension), count(*), sum(placed), sum(placed * placed)
    FROM ({ANSWERED} ORDER BY p.id) a
    WHERE sort IN ('scale', 'nps', 'perception', 'expectation') GROUP BY code"""
BY_DIMENSION = f"""
    SELECT dimension, count(*), avg(expected), avg(seen), sum(seen - expected), sum((seen - expected) ^ 2)
    FROM (
      SELECT response, dimension, avg(placed) FILTER (WHERE sort = 'expectation') AS expected,
             avg(placed) FILTER (WHERE sort = 'perception') AS seen
      FROM ({ANSWERED}) a WHERE sort IN ('expectation', 'perception') GROUP BY 1, 2 ORDER BY 1, 2) d
    WHERE expected IS NOT NULL AND seen IS NOT NULL GROUP BY dimension"""
PAIRED = f"""
    WITH a AS ({ANSWERED} AND q.sort IN ('kano_functional', 'kano_dysfunctional'))
    SELECT f.code, f.given::int, d.given::int, count(*)
    FROM unnest(%(functional)s::text[], %(dysfunctional)s::text[]) AS pair(one, other)
    JOIN a f ON f.code = pair.one JOIN a d ON d.code = pair.other AND d.response = f.response
    WHERE f.given IN (1, 2, 3, 4, 5) AND d.given IN (1, 2, 3, 4, 5) GROUP BY 1, 2, 3"""
SINGLE = """
    SELECT a.response, a.code, a.placed FROM ({answered}) a
    WHERE a.sort IN ('scale', 'nps', 'perception') AND a.response IN (
      SELECT id FROM satisfaction_surveyresponse WHERE survey_id = %(survey)s
        AND answered_on > %(since)s AND answered_on <= %(until)s
      ORDER BY answered_on DESC, id DESC LIMIT {newest})"""


@dataclass(frozen=True, slots=True)
class Related:
    """What single answers say together; `why_not` as in `SurveyFigures.why_no_drivers`."""

    alpha: float | None
    drivers: Drivers | None
    outcome: str
    priorities: Priorities | None
    why_not: str


def _asked(cursor: Any, query: str, survey: Survey, since: date, until: date, **more: Any) -> Any:
    cursor.execute(query, {"survey": survey.pk, "since": since, "until": until, **more})
    return cursor.fetchall()


def questions_of(survey: Survey, since: date, until: date) -> tuple[QuestionReading, ...]:
    """Every question on a scale with its mean, in the order of the survey."""
    with connection.cursor() as cursor:
        rows = _asked(cursor, BY_QUESTION, survey, since, until)
    order = _places(survey)
    found = []
    for code, sort, dimension, count, total, squares in rows:
        mean = mean_of(count, total, squares, level=LEVEL, scale=(0, 100))
        own = Reading(count, mean.mean, mean.low, mean.high)
        found.append(QuestionReading(code, sort, dimension, own))
    return tuple(sorted(found, key=lambda one: order.get(one.code, 10_000)))


def _places(survey: Survey) -> dict[str, int]:
    rows = SurveyQuestion.objects.filter(
        version__survey=survey, version__published_at__isnull=False
    )
    return dict(rows.order_by("version__number").values_list("code", "position"))


def gaps_of(
    survey: Survey, since: date, until: date, weights: dict[str, float]
) -> tuple[tuple[Gap, ...], float | None]:
    """The gap of every dimension by those who told both, and the mean by weight (None without any)."""
    with connection.cursor() as cursor:
        rows = _asked(cursor, BY_DIMENSION, survey, since, until)
    total = sum(weights.get(row[0], 0.0) for row in rows)
    found = []
    for dimension, count, expected, seen, apart, squares in rows:
        mean = mean_of(count, apart, squares, level=LEVEL)
        weight = weights.get(dimension, 0.0) / total if total else 1 / len(rows)
        found.append(Gap(dimension, expected, seen, mean.mean, mean.low, mean.high, weight, count))
    if not found:
        return (), None
    return tuple(sorted(found, key=lambda one: one.gap)), sum(g.gap * g.weight for g in found)


def features_of(survey: Survey, since: date, until: date) -> tuple[Feature, ...]:
    """The features of Kano's survey: "if it is there" with "if it is missing", codes as in `x_yes`, `x_no`."""
    pairs = kano_pairs(survey)
    if not pairs:
        return ()
    with connection.cursor() as cursor:
        rows = _asked(
            cursor,
            PAIRED,
            survey,
            since,
            until,
            functional=[one for one, _other in pairs],
            dysfunctional=[other for _one, other in pairs],
        )
    found = []
    for code, _other in pairs:
        own = [(first, second, count) for each, first, second, count in rows if each == code]
        if not own:
            continue
        first, second, counts = (np.array(column) for column in zip(*own, strict=True))
        told = kano(np.repeat(first, counts), np.repeat(second, counts))
        category = category_of(told.counts)
        found.append(Feature(code, told.counts, category, told.better, told.worse))
    return tuple(found)


def kano_pairs(survey: Survey) -> list[tuple[str, str]]:
    """Codes of the two questions of every feature, by the newest published version."""
    version = survey.published
    if version is None:
        return []
    known: dict[str, dict[str, str]] = {}
    for code, sort in version.questions.order_by("position").values_list("code", "sort"):
        if sort in SurveyQuestion.KANO:
            known.setdefault(code.rpartition("_")[0], {})[sort] = code
    both = (SurveyQuestion.Sort.KANO_FUNCTIONAL, SurveyQuestion.Sort.KANO_DYSFUNCTIONAL)
    return [(own[both[0]], own[both[1]]) for own in known.values() if len(own) == len(both)]


def related(
    survey: Survey, questions: tuple[QuestionReading, ...], since: date, until: date
) -> Related:
    """Reliability, drivers and priorities, from the newest responses."""
    outcome = _outcome(questions)
    codes, columns = _columns(survey, since, until)
    scales = [code for code in codes if code not in outcome]
    asked = [
        code
        for code in scales
        if any(one.code == code and one.sort in ("scale", "perception") for one in questions)
    ]
    alpha = _alpha(columns[:, [codes.index(code) for code in (*asked, *outcome)]])
    nothing = Related(alpha, None, outcome[0] if outcome else "", None, "")
    why = "outcome" if not outcome else "questions" if not asked else ""
    if why:
        return Related(alpha, None, nothing.outcome, None, why)
    known = {one.code: one.reading for one in questions}
    asked = sorted(asked, key=lambda code: -known[code].count)[:MOST]
    data = columns[:, [codes.index(code) for code in asked]]
    target = columns[:, [codes.index(code) for code in outcome]].mean(axis=1)
    complete = np.isfinite(data).all(axis=1) & np.isfinite(target)
    if complete.sum() < max(LEAST, 3 * len(asked)):
        return Related(alpha, None, outcome[0], None, "few")
    try:
        found = drivers(data, target, asked)
    except ValueError:
        return Related(alpha, None, outcome[0], None, "same")
    whole = max(sum(one.johnson for one in found.drivers), 1e-12)
    placed = priorities(
        asked,
        [one.johnson / whole for one in found.drivers],
        [known[code].score or 0.0 for code in asked],
    )
    return Related(alpha, found, outcome[0], placed, "")


def _outcome(questions: tuple[QuestionReading, ...]) -> list[str]:
    """What is to be explained: satisfaction, else recommendation, else loyalty."""
    for wanted in (
        [one.code for one in questions if one.dimension == "satisfaction" and one.sort == "scale"],
        [one.code for one in questions if one.sort == "nps"],
        [one.code for one in questions if one.dimension == "loyalty"],
    ):
        if wanted:
            return wanted
    return []


def _columns(survey: Survey, since: date, until: date) -> tuple[list[str], Vector]:
    with connection.cursor() as cursor:
        query = SINGLE.format(answered=ANSWERED, newest=NEWEST)
        rows = _asked(cursor, query, survey, since, until)
    if not rows:
        return [], np.zeros((0, 0))
    responses, names, answers = zip(*rows, strict=True)
    who, row = np.unique(np.array(responses), return_inverse=True)
    codes, column = np.unique(np.array(names), return_inverse=True)
    found = np.full((len(who), len(codes)), np.nan)
    found[row, column] = answers
    return codes.tolist(), found


def _alpha(columns: Vector) -> float | None:
    try:
        return cronbach_alpha(columns)
    except ValueError:
        return None
