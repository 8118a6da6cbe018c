"""How long customers waited for answers: counted for questions of delivered value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from django.db import connection

from kezhi.customers.reaching import home_zone
from kezhi.insight import answers
from kezhi.satisfaction.models import SurveyItem

# From a customer's words to our answer, as the clock counts it: pauses are left out, and by its promise it
# counts business hours or all. A solution takes as long as its answers, so it isn't counted beside them.
WAITED = """
    SELECT t.customer_id, sum(c.elapsed_seconds) / 3600.0
    FROM service_clock c JOIN service_ticket t ON t.id = c.ticket_id
    WHERE t.customer_id = ANY(%s) AND c.state = 'done' AND c.kind IN ('first_answer', 'next_answer')
      AND (c.ended_at AT TIME ZONE %s)::date > %s AND (c.ended_at AT TIME ZONE %s)::date <= %s
    GROUP BY t.customer_id
"""


def hours_waited(customers: Sequence[int], since: date, until: date) -> Mapping[int, float]:
    """Hours by customer after `since` through `until`; nobody else waited."""
    zone = home_zone().key
    with connection.cursor() as cursor:
        cursor.execute(WAITED, [list(customers), zone, since, zone, until])
        return {pk: float(hours) for pk, hours in cursor.fetchall()}


def register() -> None:
    """Called once, when the apps are ready."""
    answers.count(SurveyItem.Source.WAITED, hours_waited)
