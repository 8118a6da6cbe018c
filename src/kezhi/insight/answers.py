"""Survey answers as the engine reads them, with what is counted of each customer and who bought afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from kezhi.satisfaction.models import SurveyItem
from kezhi.value.survey_answers import Answers, answers_of

Vector = NDArray[np.float64]

LOOK_BACK = timedelta(days=731)
"""Answers older than two years say nothing of today."""
YEAR = timedelta(days=365)
BOUGHT_WITHIN = timedelta(days=180)
"""Whoever ordered in so many days after answering bought again."""
SLICE = 100_000

_ANSWERS = """
    SELECT a.respondent, a.customer_id::text, i.code, a.answer::float8, a.answered_on, a.about
    FROM satisfaction_surveyanswer a JOIN satisfaction_surveyitem i ON i.id = a.item_id
    WHERE i.is_active AND i.source = 'asked' AND i.factor = ANY(%s)
      AND a.answered_on > %s AND a.answered_on <= %s
    ORDER BY a.id"""
_COUNTED = """
    SELECT customer_id::text, count(*) FROM ledger_costentry
    WHERE customer_id = ANY(%s) AND activity = %s AND amount > 0
      AND incurred_on > %s AND incurred_on <= %s
    GROUP BY customer_id"""
_PAID = """
    SELECT customer_id::text, avg(amount)::float8 FROM ledger_order
    WHERE customer_id = ANY(%s) AND amount > 0 AND ordered_on > %s AND ordered_on <= %s
    GROUP BY customer_id"""
_ACTIVITIES = {SurveyItem.Source.VISITS: "visit", SurveyItem.Source.SERVICE_CALLS: "service"}
_BOUGHT = """
    SELECT asked.place, EXISTS (
      SELECT 1 FROM ledger_order o WHERE o.customer_id = asked.customer AND o.amount > 0
        AND o.ordered_on > asked.day AND o.ordered_on <= asked.day + %s)
    FROM unnest(%s::int[], %s::bigint[], %s::date[]) AS asked(place, customer, day)"""


@dataclass(frozen=True, slots=True)
class Asked:
    """The answers to some factors until a day, and the questions in use that somebody answered."""

    answers: Answers
    items: tuple[SurveyItem, ...]


def read_answers(factors: Sequence[str], as_of: date) -> Asked | None:
    """The answers of the two years until `as_of`; None when there are none."""
    names = ("respondent", "customer", "item", "answer", "date", "about")
    columns: dict[str, list[object]] = {name: [] for name in names}
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS, [list(factors), as_of - LOOK_BACK, as_of])
        while rows := cursor.fetchmany(SLICE):
            for name, column in zip(names, zip(*rows, strict=True), strict=True):
                columns[name] += column
    if not columns["answer"]:
        return None
    answers = answers_of(columns)
    items = SurveyItem.objects.filter(is_active=True, factor__in=factors).order_by("code")
    used = [each for each in items if each.code in answers.items]
    return Asked(answers, tuple(used))


# Customers, a day and the last day: what is counted of each within. Of who is left out nothing happened.
Counter = Callable[[Sequence[int], date, date], Mapping[int, float]]

_from_above: dict[str, Counter] = {}


def count(source: SurveyItem.Source, read: Counter) -> None:
    """An app above makes known how it counts what a question of this source takes."""
    _from_above[source] = read


def counted(item: SurveyItem, customers: Iterable[str], as_of: date) -> dict[str, float]:
    """What the records of 12 months say of each of these customers, kept on the item's scale if it has one.

    Who didn't order has paid no price: nothing is said of them.
    """
    ids = sorted(int(one) for one in set(customers))
    if item.source == SurveyItem.Source.PAID:
        with connection.cursor() as cursor:
            cursor.execute(_PAID, [ids, as_of - YEAR, as_of])
            return dict(cursor.fetchall())
    if item.source in _from_above:
        read = _from_above[item.source](ids, as_of - YEAR, as_of)
        known = {str(one): number for one, number in read.items()}
    else:
        activity = _ACTIVITIES[SurveyItem.Source(item.source)]
        with connection.cursor() as cursor:
            cursor.execute(_COUNTED, [ids, activity, as_of - YEAR, as_of])
            known = dict(cursor.fetchall())
    found = {str(one): float(known.get(str(one), 0)) for one in ids}
    if item.unit != SurveyItem.Unit.SCALE:
        return found
    return {one: min(max(number, item.low), item.high) for one, number in found.items()}


def bought_afterwards(customers: Sequence[str], days: Sequence[date], as_of: date) -> Vector:
    """1 for who bought within `BOUGHT_WITHIN` after the day, 0 for who didn't; NaN where it is too early."""
    found = np.full(len(customers), np.nan)
    early = as_of - BOUGHT_WITHIN
    places = [place for place, day in enumerate(days) if day <= early]
    for start in range(0, len(places), SLICE):
        own = places[start : start + SLICE]
        with connection.cursor() as cursor:
            cursor.execute(
                _BOUGHT,
                [
                    BOUGHT_WITHIN.days,
                    own,
                    [int(customers[place]) for place in own],
                    [days[place] for place in own],
                ],
            )
            for place, came in cursor.fetchall():
                found[place] = float(came)
    return found
