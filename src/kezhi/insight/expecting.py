"""What customers were promised, and what they got: promises of colleagues, delivery dates, times of answers.

Each app says what it promises (`COMMITMENTS`); a commitment counts once it is certain whether it was kept.
"""

# ruff: noqa: S608  # the parts of queries are the code's own; what varies goes as a parameter
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.models import Promise
from kezhi.customers.reaching import home_zone
from kezhi.records.fields import Label
from kezhi.satisfaction.analysing.figures import LEVEL
from kezhi.value.satisfaction.shares import Share, share
from kezhi.value.satisfaction.trends import Trend, trend_of

YEAR = timedelta(days=365)
LEAST_OF_MONTH = 5
DAY = "({} AT TIME ZONE %(zone)s)::date"
"""The day of a moment at the company: what is written at seven in the morning of Shanghai is of that day, not
of the day before in Greenwich."""
WITHIN = (
    "{0} >= (%(since)s::date + 1)::timestamp AT TIME ZONE %(zone)s"
    " AND {0} < (%(until)s::date + 1)::timestamp AT TIME ZONE %(zone)s"
)
"""A moment whose day lies after %(since)s until %(until)s; read by the index of the moment."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """A kind of commitment. `rows` asks for `customer_id`, `topic`, `due_on` and `is_kept`, those that were
    decided with `due_on` after %(since)s until %(until)s (`DAY`, `WITHIN`); `topics` names the topics."""

    name: str
    label: Label
    rows: str
    topics: dict[str, Label]


COMMITMENTS: dict[str, Commitment] = {
    "promise": Commitment(
        "promise",
        _("Promises"),
        """SELECT customer_id, topic, due_on,
             CASE state WHEN 'kept' THEN settled_on IS NULL OR settled_on <= due_on
               ELSE false END AS is_kept
           FROM customers_promise
           WHERE due_on > %(since)s AND due_on <= %(until)s
             AND (state IN ('kept', 'broken') OR (state = 'open' AND due_on < %(until)s))""",
        dict(Promise.Topic.choices),
    ),
    "delivery": Commitment(
        "delivery",
        _("Delivery dates"),
        """SELECT customer_id, 'delivery_day' AS topic, promised_on AS due_on,
             (delivered_on IS NOT NULL AND delivered_on <= promised_on) AS is_kept
           FROM ledger_order
           WHERE amount > 0 AND promised_on > %(since)s AND promised_on <= %(until)s
             AND (delivered_on IS NOT NULL OR promised_on < %(until)s)""",
        {"delivery_day": pgettext_lazy("commitment", "Day of delivery")},
    ),
}


@dataclass(frozen=True, slots=True)
class KeptBy:
    """How many of a group's commitments were kept; `by` is source, topic, tier or month."""

    by: str
    key: str
    source: str
    kept: Share


@dataclass(frozen=True, slots=True)
class Expectation:
    """All commitments of a year: together, by source, topic, tier and month, with the trend of the share."""

    whole: Share | None
    customers: int
    groups: tuple[KeptBy, ...]
    trend: Trend | None


GROUPED = """
    SELECT grouping(c.source, c.topic, s.tier, c.month), c.source, c.topic, s.tier, c.month,
           count(*), count(*) FILTER (WHERE c.is_kept), count(DISTINCT c.customer_id)
    FROM (SELECT *, date_trunc('month', due_on::timestamp)::date AS month FROM ({commitments}) u
          WHERE customer_id IS NOT NULL) c
    LEFT JOIN customers_standing s ON s.customer_id = c.customer_id
    GROUP BY GROUPING SETS ((), (c.source), (c.source, c.topic), (s.tier), (c.month))"""
READINGS = """
    INSERT INTO insight_customerreading (study_id, customer_id, respondents, score, figures)
    SELECT %(study)s, customer_id, count(*), 100.0 * count(*) FILTER (WHERE is_kept) / count(*),
           jsonb_build_object('broken', count(*) FILTER (WHERE NOT is_kept))
    FROM ({commitments}) c WHERE customer_id IS NOT NULL GROUP BY customer_id"""
OF_CUSTOMER = """
    SELECT source, topic, count(*), count(*) FILTER (WHERE is_kept), max(due_on) FILTER (WHERE NOT is_kept)
    FROM ({commitments}) c WHERE customer_id = %(customer)s GROUP BY source, topic ORDER BY 1, 2"""
_BITS = {15: "whole", 7: "source", 3: "topic", 13: "tier", 14: "month"}


def span(since: date, until: date) -> dict[str, Any]:
    """What queries of touchpoints, commitments and levels ask for: the days after `since` until `until`."""
    return {"since": since, "until": until, "zone": str(home_zone())}


def commitments() -> str:
    """Every commitment that was decided, as one query."""
    parts = [
        f"SELECT '{each.name}' AS source, customer_id, topic, due_on, is_kept FROM ({each.rows}) r_{place}"
        for place, each in enumerate(COMMITMENTS.values())
    ]
    return " UNION ALL ".join(parts)


def expectation_of(until: date) -> Expectation:
    """The commitments of the year until that day."""
    with connection.cursor() as cursor:
        query = GROUPED.format(commitments=commitments())
        cursor.execute(query, span(until - YEAR, until))
        rows = cursor.fetchall()
    whole, customers, groups, months = None, 0, [], {}
    for bits, source, topic, tier, month, count, kept, of in rows:
        by = _BITS[bits]
        if not count:
            continue
        own = share(kept, count, level=LEVEL)
        if by == "whole":
            whole, customers = own, of
        elif by == "month":
            months[month] = own
        elif by != "tier" or tier:
            key = {"source": source, "topic": topic, "tier": tier}[by]
            groups.append(KeptBy(by, key, source or "", own))
    for month, own in sorted(months.items()):
        groups.append(KeptBy("month", month.isoformat(), "", own))
    told = [
        (12.0 * month.year + month.month, 100 * own.share)
        for month, own in sorted(months.items())
        if own.count >= LEAST_OF_MONTH
    ]
    trend = trend_of([y for _x, y in told], [x for x, _y in told], level=LEVEL)
    return Expectation(whole, customers, tuple(groups), trend)


def keep_readings(study: int, until: date) -> None:
    """For each customer the share of commitments that were kept, 0 to 100, as readings of the study."""
    with connection.cursor() as cursor:
        query = READINGS.format(commitments=commitments())
        cursor.execute(query, {"study": study} | span(until - YEAR, until))


@dataclass(frozen=True, slots=True)
class KeptToCustomer:
    """What one customer was promised of a topic and got; `broken_on` is the last day that wasn't kept."""

    source: str
    topic: Label
    count: int
    kept: int
    broken_on: date | None


def kept_to(customer_id: int, until: date) -> tuple[KeptToCustomer, ...]:
    """The commitments to one customer in the year until that day, by topic."""
    with connection.cursor() as cursor:
        query = OF_CUSTOMER.format(commitments=commitments())
        cursor.execute(query, {"customer": customer_id} | span(until - YEAR, until))
        rows = cursor.fetchall()
    return tuple(
        KeptToCustomer(source, topic_label(source, topic), count, kept, broken_on)
        for source, topic, count, kept, broken_on in rows
    )


def topic_label(source: str, topic: str) -> Label:
    known = COMMITMENTS.get(source)
    return known.topics.get(topic, topic) if known else topic
