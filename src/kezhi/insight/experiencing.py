"""What customers experience: the figures of all surveys, and how content each customer is beside its loyalty.

A study works it out once a night or when somebody asks, and keeps it; pages only read.
"""

# ruff: noqa: S608  # the parts of queries are the code's own; what varies goes as a parameter
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from kezhi.core.progress import Progress
from kezhi.insight.models import CustomerReading, Study
from kezhi.satisfaction.analysing.assembling import figures_of
from kezhi.satisfaction.analysing.contentment import HALF_LIFE_DAYS, LOOK_BACK, opinions
from kezhi.satisfaction.analysing.figures import LEVEL, SATISFIED, Reading, SurveyFigures
from kezhi.satisfaction.models import Survey
from kezhi.value.plain import from_plain
from kezhi.value.satisfaction.means import mean_of

STAYS = 0.6
"""From this probability of being a customer on, one counts as loyal."""
CELLS = ("loyal", "mercenary", "hostage", "leaving")
"""Content and staying; content, going; discontent, staying; discontent, going (Jones & Sasser 1995)."""

# Floats are added in one order, so that the same answers give the same figures to the last digit.
BETWEEN = "{0}.answered_on <= %(until)s AND {0}.answered_on > %(since)s"
READINGS = f"""
    INSERT INTO insight_customerreading (study_id, customer_id, respondents, score, probability, figures)
    SELECT %(study)s, t.customer_id, t.count, t.score, s.p_alive, jsonb_build_object('on', t.newest)
    FROM (
      SELECT customer_id, count(*) AS count, max(answered_on) AS newest,
             sum(score::float8 * w) / sum(w) AS score
      FROM (
        SELECT customer_id, score, answered_on,
               0.5 ^ ((%(until)s::date - answered_on)::float8 / {HALF_LIFE_DAYS}) AS w
        FROM ({opinions(BETWEEN)}) o ORDER BY customer_id, answered_on, score) r
      GROUP BY customer_id) t
    LEFT JOIN customers_standing s ON s.customer_id = t.customer_id"""
MAP = f"""
    SELECT (r.score >= {SATISFIED}), (r.probability >= {STAYS}), count(*),
           coalesce(sum(s.potential_value), 0)::float8, coalesce(sum(s.value_at_risk), 0)::float8
    FROM insight_customerreading r LEFT JOIN customers_standing s ON s.customer_id = r.customer_id
    WHERE r.study_id = %s AND r.probability IS NOT NULL GROUP BY 1, 2"""
WHOLE = """
    SELECT count(*), coalesce(sum(score), 0), coalesce(sum(score * score), 0), coalesce(sum(respondents), 0),
           count(*) FILTER (WHERE probability IS NOT NULL), coalesce(corr(score, probability), 0)
    FROM (SELECT * FROM insight_customerreading WHERE study_id = %s ORDER BY customer_id) r"""


@dataclass(frozen=True, slots=True)
class Cell:
    """Customers of one field of the map: how many, what they are expected to bring, what of it is at risk."""

    name: str
    customers: int
    value: float
    at_risk: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What a study says: every survey with a response by its number, all customers together, and the map.

    `correlation` is of satisfaction with the probability of being a customer, among `placed` customers.
    """

    respondents: int
    customers: int
    overall: Reading
    surveys: dict[str, SurveyFigures]
    cells: tuple[Cell, ...]
    placed: int
    correlation: float


def study_experience(study: Study, progress: Progress) -> tuple[Figures, Iterator[CustomerReading]]:
    """The figures; what is said of single customers is written by the database itself."""
    progress(0, 500, _("Reading the answers"))
    asked = list(Survey.objects.filter(responses__isnull=False).distinct().order_by("pk"))
    surveys = {}
    for place, survey in enumerate(asked):
        progress(20 + 380 * place // len(asked), 500, survey.title())
        surveys[str(survey.pk)] = figures_of(survey, study.as_of)
    progress(420, 500, _("Working out each customer"))
    with connection.cursor() as cursor:
        since = study.as_of - LOOK_BACK
        cursor.execute(READINGS, {"study": study.pk, "until": study.as_of, "since": since})
        cursor.execute(WHOLE, [study.pk])
        customers, total, squares, responses, placed, together = cursor.fetchone()
        cursor.execute(MAP, [study.pk])
        fields = {(content, stays): own for content, stays, *own in cursor.fetchall()}
    overall = Reading(0)
    if customers:
        mean = mean_of(customers, total, squares, level=LEVEL, scale=(0, 100))
        overall = Reading(customers, mean.mean, mean.low, mean.high)
    kinds = ((True, True), (True, False), (False, True), (False, False))
    cells = tuple(
        Cell(name, *fields.get(kind, (0, 0.0, 0.0)))
        for name, kind in zip(CELLS, kinds, strict=True)
    )
    figures = Figures(responses, customers, overall, surveys, cells, placed, together)
    return figures, iter(())


def survey_figures(study: Study, survey: int) -> SurveyFigures | None:
    """What a study says of one survey; None where nobody had answered it."""
    plain: dict[str, Any] | None = study.figures.get("surveys", {}).get(str(survey))
    return None if plain is None else from_plain(SurveyFigures, plain)


def overview(study: Study) -> Figures:
    return from_plain(Figures, study.figures)


def readings_in(cell: str) -> dict[str, Any]:
    """The filter of `CustomerReading` that finds the customers of a field of the map."""
    content = (
        {"score__gte": SATISFIED} if cell in ("loyal", "mercenary") else {"score__lt": SATISFIED}
    )
    stays = (
        {"probability__gte": STAYS} if cell in ("loyal", "hostage") else {"probability__lt": STAYS}
    )
    return content | stays


def satisfaction_of(customer_id: int) -> tuple[float, int, date] | None:
    """By the newest study: score, responses, day of the newest one; None for who was never asked."""
    done = Study.objects.filter(subject=Study.Subject.EXPERIENCE, state=Study.State.DONE)
    newest = done.order_by("-pk").values("pk")[:1]
    reading = CustomerReading.objects.filter(study=newest, customer_id=customer_id).first()
    if reading is None or reading.score is None:
        return None
    return reading.score, reading.respondents, date.fromisoformat(reading.figures["on"])
