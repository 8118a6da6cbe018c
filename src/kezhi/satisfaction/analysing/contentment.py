"""How content a customer is: its latest responses and answers, the newer the heavier.

What was filled in here is a response with its score; what came as single answers from a file is an opinion of
its respondent on that day. Answers that a response has led to are the same opinion and count once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection

HALF_LIFE_DAYS = 180
"""A response of half a year ago counts half."""
LOOK_BACK = timedelta(days=730)
RECENT = timedelta(days=180)
FELL = 15.0
"""Points of 100 from which on a fall is told."""

OPINIONS = """
    SELECT r.customer_id, r.answered_on, r.answered_at, r.score::float8 AS score
    FROM satisfaction_surveyresponse r WHERE r.customer_id IS NOT NULL AND r.score IS NOT NULL AND {response}
    UNION ALL
    SELECT a.customer_id, a.answered_on, NULL::timestamptz, avg(100.0 * CASE WHEN i.is_reversed
      THEN i.high - a.answer ELSE a.answer - i.low END / (i.high - i.low))::float8
    FROM satisfaction_surveyanswer a JOIN satisfaction_surveyitem i ON i.id = a.item_id
    WHERE i.factor = 'satisfaction' AND i.unit = 'scale' AND i.source = 'asked' AND a.about = '' AND {answer}
      AND NOT EXISTS (SELECT 1 FROM satisfaction_surveyresponse own WHERE own.customer_id = a.customer_id
        AND own.score IS NOT NULL AND 'S' || own.id = a.respondent)
    GROUP BY a.customer_id, a.respondent, a.answered_on"""
"""What customers said of their satisfaction, 0 to 100, once for each who filled something in: `{response}` and
`{answer}` say which, of the tables `r` and `a`."""
MOVES = """
    SELECT asked.customer, o.score, o.answered_on
    FROM unnest(%(customers)s::bigint[]) AS asked(customer)
    CROSS JOIN LATERAL (
      SELECT score, answered_on FROM ({opinions}) own
      ORDER BY answered_on DESC, answered_at DESC NULLS LAST LIMIT 8) o"""
OF_ONE = """{0}.customer_id = asked.customer AND {0}.answered_on <= %(until)s
        AND {0}.answered_on > %(since)s"""


@dataclass(frozen=True, slots=True)
class Fall:
    """The satisfaction of a customer that fell: the earlier responses' mean, the newest score, its day."""

    before: float
    now: float
    on: date


def opinions(which: str) -> str:
    """The query of opinions; `which` is a condition on `{0}`, a response or an answer."""
    return OPINIONS.format(response=which.format("r"), answer=which.format("a"))


def falls_of(customers: Iterable[int], until: date) -> dict[int, Fall]:
    """Of these customers those whose newest response, of the last half year, lies clearly below the mean of
    the earlier ones (eight at most, two years back)."""
    ids = list(customers)
    told: dict[int, list[tuple[float, date]]] = {}
    with connection.cursor() as cursor:
        parameters: dict[str, Any] = {"customers": ids, "until": until, "since": until - LOOK_BACK}
        cursor.execute(MOVES.format(opinions=opinions(OF_ONE)), parameters)
        for customer, score, day in cursor.fetchall():
            told.setdefault(customer, []).append((score, day))
    found = {}
    for customer, scores in told.items():
        (now, day), *earlier = scores
        if not earlier or until - day > RECENT:
            continue
        before = sum(score for score, _day in earlier) / len(earlier)
        if before - now >= FELL:
            found[customer] = Fall(before, now, day)
    return found


def weight_of(age_days: float) -> float:
    """How much a response of that age counts.

    >>> weight_of(0), weight_of(180)
    (1.0, 0.5)
    """
    return float(0.5 ** (age_days / HALF_LIFE_DAYS))
