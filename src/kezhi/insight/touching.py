"""The journey of customers: where they meet the company, how often, how long they wait, how content they are.

Each app says where customers meet it (`TOUCHPOINTS`); this module counts a year of it by the stage of buying.
"""

# ruff: noqa: S608  # the parts of queries are the code's own; what varies goes as a parameter
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.models import Segment
from kezhi.insight.expecting import DAY, WITHIN, span
from kezhi.records.fields import Label
from kezhi.satisfaction.analysing.figures import DISSATISFIED, LEVEL, SATISFIED, Reading
from kezhi.value.satisfaction.means import mean_of
from kezhi.value.satisfaction.shares import Difference, Share, difference_of_shares, share

YEAR = timedelta(days=365)
DURING_DAYS, BEFORE_DAYS = 14, 30
MOST_GROUPS = 20
STAGES = ("before", "during", "after")
BOUGHT_WITHIN = timedelta(days=180)
LEAST_OF_SIDE = 10
"""Content and discontent responses each, below which a touchpoint isn't compared."""


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """Where customers meet the company.

    `rows` asks for `customer_id`, `day`, `hours` (how long they waited, business hours where a clock counted
    them) and `contacts` (how often they had to get in touch for one matter), null where that says nothing,
    with `day` after %(since)s until %(until)s, as the company counts days (`DAY`, `WITHIN`). Responses to
    surveys about records of `about` belong to it.
    `kind` and `where` (field=entry, or field~filled) tell the list behind it. `stage` is for what belongs to
    one stage by its nature; else the orders around the day decide.
    """

    name: str
    label: Label
    rows: str
    about: str = ""
    kind: str = ""
    where: str = ""
    stage: str = ""


def _interactions(channel: str) -> str:
    return f"""SELECT customer_id, {DAY.format("at")} AS day, NULL::float8 AS hours,
      NULL::float8 AS contacts
    FROM customers_interaction WHERE channel = '{channel}' AND {WITHIN.format("at")}"""


TOUCHPOINTS: dict[str, Touchpoint] = {
    each.name: each
    for each in (
        Touchpoint(
            "call", _("Calls"), _interactions("call"), kind="interaction", where="channel=call"
        ),
        Touchpoint(
            "visit", _("Visits"), _interactions("visit"), kind="interaction", where="channel=visit"
        ),
        Touchpoint(
            "chat",
            pgettext_lazy("touchpoint", "Chats"),
            _interactions("wechat"),
            kind="interaction",
            where="channel=wechat",
        ),
        Touchpoint(
            "letter",
            pgettext_lazy("touchpoint", "E-mails"),
            f"""SELECT customer_id, {DAY.format("received_at")} AS day, NULL::float8 AS hours,
              NULL::float8 AS contacts
            FROM messaging_incoming WHERE customer_id IS NOT NULL AND nature = 'letter'
              AND {WITHIN.format("received_at")}""",
        ),
        Touchpoint(
            "order",
            pgettext_lazy("touchpoint", "Orders"),
            """SELECT customer_id, ordered_on AS day, NULL::float8 AS hours, NULL::float8 AS contacts
            FROM ledger_order WHERE amount > 0 AND ordered_on > %(since)s AND ordered_on <= %(until)s""",
            kind="order",
            stage="during",
        ),
        Touchpoint(
            "delivery",
            pgettext_lazy("touchpoint", "Deliveries"),
            """SELECT customer_id, delivered_on AS day, 24.0 * (delivered_on - ordered_on) AS hours,
              NULL::float8 AS contacts
            FROM ledger_order WHERE amount > 0 AND delivered_on > %(since)s AND delivered_on <= %(until)s""",
            about="order",
            kind="order",
            where="delivered_on~filled",
            stage="during",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Point:
    """A touchpoint in a stage, for a group of customers: how often, how many, how long, how good.

    `by` says what makes the group ("" for all customers), `group` which one it is: a tier, a region, the number
    of a department or of a segment. `hours` is the median wait, `contacts` the mean per matter; `effort` is of
    surveys of effort (100: none).
    """

    name: str
    stage: str
    group: str
    events: int
    customers: int
    hours: float | None
    contacts: float | None
    score: Reading
    effort: Reading
    by: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """Whether those who were content at a touchpoint bought again more often than the discontent; None with
    too few of either."""

    name: str
    content: Share | None
    discontent: Share | None
    difference: Difference | None
    responses: int


# A moment belongs to the purchase until its delivery, else for two weeks; to the next purchase when that
# follows within a month; who never bought is before the first.
EVENTS = """
    SELECT e.*, s.tier, k.region, k.department_id::text AS department, CASE
        WHEN e.fixed <> '' THEN e.fixed
        WHEN p.ordered_on IS NOT NULL
          AND e.day <= coalesce(p.delivered_on, p.ordered_on + {during}) THEN 'during'
        WHEN p.ordered_on IS NULL OR n.ordered_on IS NOT NULL THEN 'before'
        ELSE 'after' END AS stage
    FROM ({events}) e
    JOIN customers_customer k ON k.id = e.customer_id
    LEFT JOIN customers_standing s ON s.customer_id = e.customer_id
    LEFT JOIN LATERAL (
      SELECT o.ordered_on, o.delivered_on FROM ledger_order o
      WHERE o.customer_id = e.customer_id AND o.ordered_on <= e.day AND o.amount > 0
      ORDER BY o.ordered_on DESC, o.id DESC LIMIT 1) p ON true
    LEFT JOIN LATERAL (
      SELECT o.ordered_on FROM ledger_order o
      WHERE o.customer_id = e.customer_id AND o.ordered_on > e.day AND o.amount > 0
        AND o.ordered_on <= e.day + {before} LIMIT 1) n ON true"""
SUMS = """
    count(*) FILTER (WHERE score IS NULL), count(DISTINCT customer_id),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY hours), avg(contacts),
    count(score) FILTER (WHERE NOT is_effort), coalesce(sum(score) FILTER (WHERE NOT is_effort), 0),
    coalesce(sum(score * score) FILTER (WHERE NOT is_effort), 0),
    count(score) FILTER (WHERE is_effort), coalesce(sum(score) FILTER (WHERE is_effort), 0),
    coalesce(sum(score * score) FILTER (WHERE is_effort), 0)"""
COUNTED = f"""
    WITH staged AS MATERIALIZED ({{staged}})
    SELECT name, stage, CASE grouping(tier, region, department)
        WHEN 7 THEN '' WHEN 3 THEN 'tier' WHEN 5 THEN 'region' ELSE 'department' END AS made_by,
      coalesce(tier, region, department, '') AS of, {SUMS}
    FROM staged GROUP BY GROUPING SETS ((name, stage), (name, stage, tier), (name, stage, region),
      (name, stage, department))
    UNION ALL
    SELECT name, stage, 'segment', m.segment_id::text, {SUMS.replace("customer_id", "t.customer_id")}
    FROM staged t JOIN customers_segmentmember m ON m.customer_id = t.customer_id
    WHERE m.segment_id = ANY(%(segments)s) GROUP BY name, stage, m.segment_id"""
SCORES = """
    SELECT {name} AS name, {stage} AS fixed, r.customer_id, r.answered_on AS day, NULL::float8 AS hours,
           NULL::float8 AS contacts, r.score::float8 AS score, y.instrument = 'ces' AS is_effort
    FROM satisfaction_surveyresponse r JOIN satisfaction_survey y ON y.id = r.survey_id
    WHERE r.about_kind = {about} AND r.score IS NOT NULL AND r.customer_id IS NOT NULL
      AND r.answered_on > %(since)s AND r.answered_on <= %(until)s"""
MOMENTS = f"""
    SELECT about_kind, score >= {SATISFIED}, count(*), count(*) FILTER (WHERE bought)
    FROM (
      SELECT r.about_kind, r.score, EXISTS (
        SELECT 1 FROM ledger_order o WHERE o.customer_id = r.customer_id AND o.amount > 0
          AND o.ordered_on > r.answered_on AND o.ordered_on <= r.answered_on + %(within)s) AS bought
      FROM satisfaction_surveyresponse r
      WHERE r.customer_id IS NOT NULL AND (r.score >= {SATISFIED} OR r.score < {DISSATISFIED})
        AND r.about_kind = ANY(%(about)s) AND r.answered_on > %(since)s AND r.answered_on <= %(until)s) t
    GROUP BY 1, 2"""


def points_of(since: date, until: date) -> tuple[Point, ...]:
    """Every touchpoint by stage, of all customers and of each tier, region, department and segment.

    Of regions, departments and segments those with most customers, `MOST_GROUPS` of each.
    """
    parts = []
    for each in TOUCHPOINTS.values():
        parts.append(
            f"SELECT '{each.name}' AS name, '{each.stage}' AS fixed, r.customer_id, r.day, "
            f"r.hours::float8 AS hours, r.contacts::float8 AS contacts, NULL::float8 AS score, "
            f"false AS is_effort "
            f"FROM ({each.rows}) r WHERE r.customer_id IS NOT NULL"
        )
        if each.about:
            names = {"name": each.name, "stage": each.stage, "about": each.about}
            parts.append(SCORES.format(**{key: f"'{own}'" for key, own in names.items()}))
    staged = EVENTS.format(events=" UNION ALL ".join(parts), during=DURING_DAYS, before=BEFORE_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(
            COUNTED.format(staged=staged), span(since, until) | {"segments": _segments()}
        )
        rows = cursor.fetchall()
    points = [
        Point(
            name=name,
            stage=stage,
            group=group,
            events=events,
            customers=customers,
            hours=None if hours is None else float(hours),
            contacts=None if contacts is None else float(contacts),
            score=_reading(*sums[:3]),
            effort=_reading(*sums[3:]),
            by=by,
        )
        for name, stage, by, group, events, customers, hours, contacts, *sums in rows
        if group or not by
    ]
    return tuple(_largest(points))


def _segments() -> list[int]:
    """The largest ones that are kept."""
    rows = Segment.objects.filter(size__gt=0).order_by("-size", "pk")
    return list(rows.values_list("pk", flat=True)[:MOST_GROUPS])


def _largest(points: list[Point]) -> Iterator[Point]:
    """Without the groups that are met least, where there are too many."""
    events: dict[tuple[str, str], int] = defaultdict(int)
    for one in points:
        events[one.by, one.group] += one.events
    places: dict[str, list[str]] = defaultdict(list)
    for by, group in sorted(events, key=lambda key: (-events[key], key)):
        places[by].append(group)
    for one in points:
        if one.group in places[one.by][:MOST_GROUPS]:
            yield one


def _reading(count: int, total: float, squares: float) -> Reading:
    if not count:
        return Reading(0)
    mean = mean_of(count, total, squares, level=LEVEL, scale=(0, 100))
    return Reading(count, mean.mean, mean.low, mean.high)


def moments_of(until: date) -> tuple[Moment, ...]:
    """Touchpoints by how much more often the content bought again within half a year, of two years."""
    last = until - BOUGHT_WITHIN
    by_about = {each.about: each.name for each in TOUCHPOINTS.values() if each.about}
    with connection.cursor() as cursor:
        cursor.execute(
            MOMENTS,
            {
                "within": BOUGHT_WITHIN.days,
                "about": list(by_about),
                "since": last - 2 * YEAR,
                "until": last,
            },
        )
        counts = {(about, content): (n, came) for about, content, n, came in cursor.fetchall()}
    found = []
    for about, name in by_about.items():
        content, discontent = (counts.get((about, side), (0, 0)) for side in (True, False))
        responses = content[0] + discontent[0]
        if not responses:
            continue
        if min(content[0], discontent[0]) < LEAST_OF_SIDE:
            found.append(Moment(name, None, None, None, responses))
            continue
        first, second = (share(came, n, level=LEVEL) for n, came in (content, discontent))
        apart = difference_of_shares(first, second)
        found.append(Moment(name, first, second, apart, responses))
    return tuple(
        sorted(found, key=lambda one: -(one.difference.difference if one.difference else -1.0))
    )
