"""What each colleague's cases of a month came to: answered in time, solved, opened again, and value kept.

Kept by the night for this month and the three before: whether a customer buys again shows later only.
"""

# ruff: noqa: S608  # tables and columns are the code's own names
from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from kezhi.accounts.models import Company, User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.service.models import AgentMonth, CaseReview, Clock
from kezhi.service.quality.sampling import OPENED_BEFORE
from kezhi.service.quality.teaching import months_later

MONTHS_BACK = 3
RHYTHM_ALLOWANCE = 1.5  # of the usual time between two purchases
LEAST_PURCHASES = 3  # fewer make no rhythm


@audited("agent_months.kept")
def keep_months(*, actor: Actor, at: datetime) -> int:
    """Each night; how many rows were written."""
    company = Company.current()
    zone = company.zone if company is not None else ZoneInfo("UTC")
    today = at.astimezone(zone).date()
    written = sum(
        keep_month(months_later(today.replace(day=1), -back), zone, at=at)
        for back in range(MONTHS_BACK + 1)
    )
    note(rows=written)
    return written


def keep_month(month: date, zone: ZoneInfo, *, at: datetime) -> int:
    """The rows of one month anew."""
    since = datetime.combine(month, time.min, zone)
    until = datetime.combine(months_later(month, 1), time.min, zone)
    found: dict[int, dict[str, Any]] = {}
    for fill in (_cases, _in_time, _minutes, _reviews, _answers, _value):
        for user, more in fill(since, until, at):
            found.setdefault(user, {}).update(more)
    people = User.objects.in_bulk(list(found))
    rows = [
        AgentMonth(
            user=people[user],
            month=month,
            team_id=people[user].team_id,
            department_id=people[user].department_id,
            kept_at=at,
            **fields,
        )
        for user, fields in sorted(found.items())
        if user in people
    ]
    AgentMonth.objects.filter(month=month).delete()
    AgentMonth.objects.bulk_create(rows)
    return len(rows)


Rows = list[tuple[int, dict[str, Any]]]


def _cases(since: datetime, until: datetime, at: datetime) -> Rows:
    rows = _asked(
        """SELECT assignee_id, count(*), count(*) FILTER (WHERE reopened_count > 0)
           FROM service_ticket WHERE opened_at >= %s AND opened_at < %s AND solved_at >= %s
             AND solved_at < %s AND state IN ('solved', 'closed') AND assignee_id IS NOT NULL
           GROUP BY 1""",
        [since - OPENED_BEFORE, until, since, until],
    )
    return [(user, {"solved": solved, "reopened": again}) for user, solved, again in rows]


def _in_time(since: datetime, until: datetime, at: datetime) -> Rows:
    rows = _asked(
        """SELECT person_id, count(*), count(*) FILTER (WHERE NOT is_breached)
           FROM service_clock WHERE kind = %s AND decided_at >= %s AND decided_at < %s
             AND person_id IS NOT NULL GROUP BY 1""",
        [Clock.Kind.FIRST_ANSWER, since, until],
    )
    return [(user, {"promised": promised, "in_time": kept}) for user, promised, kept in rows]


def _minutes(since: datetime, until: datetime, at: datetime) -> Rows:
    rows = _asked(
        """SELECT e.author_id, sum(e.minutes) FROM service_ticket t
           JOIN service_ticketentry e ON e.ticket_id = t.id
           WHERE t.opened_at >= %s AND t.opened_at < %s AND e.at >= %s AND e.at < %s
             AND e.minutes > 0 AND e.author_id IS NOT NULL GROUP BY 1""",
        [since - OPENED_BEFORE, until, since, until],
    )
    return [(user, {"minutes": minutes}) for user, minutes in rows]


def _reviews(since: datetime, until: datetime, at: datetime) -> Rows:
    rows = CaseReview.objects.filter(
        reviewed_at__gte=since, reviewed_at__lt=until, is_calibration=False, score__isnull=False
    )
    scores: dict[int, list[float]] = {}
    for agent, score in rows.order_by("pk").values_list("agent_id", "score"):
        scores.setdefault(agent, []).append(round(score, 2))
    return [(user, {"scores": each}) for user, each in scores.items()]


def _answers(since: datetime, until: datetime, at: datetime) -> Rows:
    rows = _asked(
        """SELECT agent_id, count(score), avg(score)::float FROM satisfaction_surveyresponse
           WHERE agent_id IS NOT NULL AND answered_on >= %s AND answered_on < %s
             AND score IS NOT NULL GROUP BY 1""",
        [since.date(), until.date()],
    )
    return [(user, {"answers": count, "satisfaction": mean}) for user, count, mean in rows]


def _value(since: datetime, until: datetime, at: datetime) -> Rows:
    """Each customer once per colleague: what was at risk, and whether they bought again in their rhythm.

    The rhythm is the mean time between their purchases; half as long again is allowed.
    """
    rows = _asked(
        f"""WITH solved AS (
              SELECT assignee_id, customer_id, max(at_stake) AS stake,
                (min(solved_at) AT TIME ZONE %s)::date AS solved_on
              FROM service_ticket WHERE opened_at >= %s AND opened_at < %s AND solved_at >= %s
                AND solved_at < %s AND state IN ('solved', 'closed') AND assignee_id IS NOT NULL
                AND customer_id IS NOT NULL GROUP BY 1, 2
            ), rhythm AS (
              SELECT c.*, greatest(c.stake, coalesce(s.value_at_risk, 0)) AS risk,
                ceil({RHYTHM_ALLOWANCE} * (s.last_order_on - s.first_order_on)
                     / (s.occasions - 1))::int AS days
              FROM solved c JOIN customers_standing s ON s.customer_id = c.customer_id
              WHERE s.occasions >= {LEAST_PURCHASES} AND s.last_order_on > s.first_order_on
            ), bought AS (
              SELECT r.*, EXISTS (SELECT FROM ledger_order o WHERE o.customer_id = r.customer_id
                AND o.ordered_on > r.solved_on AND o.ordered_on <= r.solved_on + r.days) AS is_back
              FROM rhythm r
            )
            SELECT assignee_id, count(*), count(*) FILTER (WHERE is_back),
              count(*) FILTER (WHERE NOT is_back AND solved_on + days >= %s),
              sum(risk), coalesce(sum(risk) FILTER (WHERE is_back), 0)
            FROM bought GROUP BY 1""",
        [
            str(since.tzinfo),
            since - OPENED_BEFORE,
            until,
            since,
            until,
            at.astimezone(since.tzinfo).date(),
        ],
    )
    return [
        (
            user,
            {
                "customers": count,
                "came_back": back,
                "awaited": awaited,
                "value_at_stake": stake,
                "value_kept": kept,
            },
        )
        for user, count, back, awaited, stake, kept in rows
    ]


def _asked(statement: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())
