"""When something happened that a plan cares about: found in sets, each occasion of a customer once.

An occasion is looked for again for a while after its day, because deliveries and orders are often written
down late; its key sees to it that nothing is done twice.
"""

# ruff: noqa: S608  # the queries are put together from the pieces in this file; what people wrote are parameters
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection

from kezhi.customers.reaching import home_zone
from kezhi.insight.policies import policies_in_force
from kezhi.service.care.festivals import festival_day
from kezhi.service.models.care_plan import CarePlan

Occasion = CarePlan.Occasion
LATE_BY = timedelta(days=14)
MOST_A_DAY = 500
Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """The days on which something must have happened to be due now."""

    first: date
    last: date


def find(plan: CarePlan, *, on: date) -> int:
    """Write down what is due by today under the plan, the most valuable customers first; how many."""
    source = SOURCES[Occasion(plan.occasion)]
    window = _window(plan, on)
    if window.first > window.last:
        return 0
    sql, parameters = source(plan, window)
    parameters |= {
        "plan": plan.pk,
        "days": _after(plan),
        "rest": plan.rest_days,
        "control": plan.control_share,
        "tiers": plan.tiers or None,
        "segment": plan.segment_id,
        "on": on,
        "most": MOST_A_DAY,
        "zone": str(home_zone()),
    }
    with connection.cursor() as cursor:
        cursor.execute(INSERT.format(events=sql), parameters)
        return cursor.rowcount


INSERT = """
    INSERT INTO service_caretouch (plan_id, customer_id, contact_id, occasion_key, happened_on, due_on, state,
      reason, owner_id, team_id, department_id, custom, version, created_at, updated_at)
    SELECT %(plan)s, e.customer_id, e.contact_id, e.key, e.day, e.day + %(days)s::int,
      CASE WHEN ('x' || substr(md5(%(plan)s::text || ':' || e.customer_id), 1, 8))::bit(32)::bigint %% 100
        < %(control)s THEN 'control' ELSE 'waiting' END,
      '', c.owner_id, s.team_id, s.department_id, '{{}}', 1, now(), now()
    FROM (SELECT DISTINCT ON (customer_id) * FROM ({events}) AS every
          WHERE NOT EXISTS (SELECT 1 FROM service_caretouch t WHERE t.plan_id = %(plan)s
            AND t.customer_id = every.customer_id
            AND (t.occasion_key = every.key OR t.due_on > every.day + %(days)s::int - %(rest)s::int))
          ORDER BY customer_id, day DESC, key DESC) AS e
    JOIN customers_customer c ON c.id = e.customer_id
    JOIN customers_standing s ON s.customer_id = e.customer_id
    WHERE (%(tiers)s::text[] IS NULL OR s.tier = ANY(%(tiers)s::text[]))
      AND (%(segment)s::bigint IS NULL OR EXISTS (SELECT 1 FROM customers_segmentmember m
        WHERE m.segment_id = %(segment)s AND m.customer_id = e.customer_id))
    ORDER BY s.potential_value DESC NULLS LAST, e.customer_id LIMIT %(most)s
    ON CONFLICT (plan_id, customer_id, occasion_key) DO NOTHING"""


def _after(plan: CarePlan) -> int:
    """Days from the occasion to what is done; of a silence they are part of the occasion."""
    return 0 if plan.occasion == Occasion.SILENCE else plan.days


def _window(plan: CarePlan, on: date) -> Window:
    shift = timedelta(days=_after(plan))
    first = max(on - LATE_BY, plan.begun_on) - shift
    return Window(first, on - shift)


def _first_order(plan: CarePlan, window: Window) -> tuple[str, Parameters]:
    return (
        """SELECT customer_id, NULL::bigint AS contact_id, 'first_order' AS key, first_order_on AS day
           FROM customers_standing WHERE first_order_on BETWEEN %(first)s AND %(last)s""",
        {"first": window.first, "last": window.last},
    )


def _delivery(plan: CarePlan, window: Window) -> tuple[str, Parameters]:
    return (
        """SELECT customer_id, NULL::bigint AS contact_id, 'order:' || id AS key, delivered_on AS day
           FROM ledger_order WHERE delivered_on BETWEEN %(first)s AND %(last)s AND amount > 0""",
        {"first": window.first, "last": window.last},
    )


def _solved(type_: str) -> Callable[[CarePlan, Window], tuple[str, Parameters]]:
    def source(plan: CarePlan, window: Window) -> tuple[str, Parameters]:
        return (
            """SELECT customer_id, contact_id, 'ticket:' || id AS key,
                 (solved_at AT TIME ZONE %(zone)s)::date AS day
               FROM service_ticket WHERE type = %(type)s AND state IN ('solved', 'closed')
                 AND customer_id IS NOT NULL
                 AND solved_at >= %(first)s::timestamp AT TIME ZONE %(zone)s
                 AND solved_at < (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s""",
            {"first": window.first, "last": window.last, "type": type_},
        )

    return source


YEARLY = """make_interval(years =>
    extract(year FROM d.day)::int - extract(year FROM {column})::int)"""


def _anniversary(plan: CarePlan, window: Window) -> tuple[str, Parameters]:
    return (
        f"""SELECT s.customer_id, NULL::bigint AS contact_id,
             'anniversary:' || extract(year FROM d.day) AS key, d.day
           FROM customers_standing s
           JOIN (SELECT day::date FROM generate_series(%(first)s::date, %(last)s::date, '1 day') AS day) d
             ON (s.first_order_on + {YEARLY.format(column="s.first_order_on")})::date = d.day
           WHERE s.first_order_on < d.day - 300 AND s.stage <> 'lost'""",
        {"first": window.first, "last": window.last},
    )


def _important_date(plan: CarePlan, window: Window) -> tuple[str, Parameters]:
    return (
        f"""SELECT i.customer_id, i.contact_id,
             'date:' || i.id || ':' || extract(year FROM d.day) AS key, d.day
           FROM customers_importantdate i
           JOIN (SELECT day::date FROM generate_series(%(first)s::date, %(last)s::date, '1 day') AS day) d
             ON CASE WHEN i.is_yearly THEN (i.day + {YEARLY.format(column="i.day")})::date
                ELSE i.day END = d.day
           WHERE i.day <= d.day""",
        {"first": window.first, "last": window.last},
    )


def _maintenance(plan: CarePlan, window: Window) -> tuple[str, Parameters]:
    """Bought so many months ago, and not again since."""
    return (
        """SELECT l.customer_id, NULL::bigint AS contact_id, 'line:' || max(l.id) AS key,
             (max(l.ordered_on) + make_interval(months => %(months)s))::date AS day
           FROM ledger_orderline l
           WHERE l.product_id = %(product)s AND l.quantity > 0
             AND l.ordered_on BETWEEN (%(first)s::date - make_interval(months => %(months)s))::date - 3
               AND (%(last)s::date - make_interval(months => %(months)s))::date + 3
             AND NOT EXISTS (SELECT 1 FROM ledger_orderline later WHERE later.customer_id = l.customer_id
               AND later.product_id = l.product_id AND later.ordered_on > l.ordered_on)
           GROUP BY l.customer_id
           HAVING (max(l.ordered_on) + make_interval(months => %(months)s))::date
             BETWEEN %(first)s AND %(last)s""",
        {
            "first": window.first,
            "last": window.last,
            "product": plan.product_id,
            "months": plan.months or 0,
        },
    )


def _festival(plan: CarePlan, window: Window) -> tuple[str, Parameters]:
    years = range(window.first.year, window.last.year + 1)
    days = [day for year in years if (day := festival_day(plan.festival, year)) is not None]
    now = [day for day in days if window.first <= day <= window.last]
    return (
        """SELECT customer_id, NULL::bigint AS contact_id, 'festival:' || extract(year FROM day) AS key, day
           FROM customers_standing CROSS JOIN unnest(%(festivals)s::date[]) AS day
           WHERE occasions > 0 AND stage <> 'lost'""",
        {"festivals": now},
    )


def _silence(plan: CarePlan, window: Window) -> tuple[str, Parameters]:
    """Nobody spoke with them and they didn't order, for so long; whoever has left is for winning back."""
    policies = policies_in_force()
    by_tier = [(tier, plan.days or policy.care_days) for tier, policy in policies.items()]
    if plan.days and not by_tier:
        by_tier = [(tier, plan.days) for tier in "SABCD"]
    return (
        """SELECT s.customer_id, NULL::bigint AS contact_id, 'silence:' || heard.day AS key,
             heard.day + p.days AS day
           FROM customers_standing s
           JOIN unnest(%(by_tier)s::text[], %(by_days)s::int[]) AS p (tier, days) ON p.tier = s.tier
           CROSS JOIN LATERAL (SELECT greatest(s.last_order_on,
             (SELECT (i.at AT TIME ZONE %(zone)s)::date FROM customers_interaction i
              WHERE i.customer_id = s.customer_id ORDER BY i.at DESC LIMIT 1)) AS day) AS heard
           WHERE s.occasions > 0 AND s.stage <> 'lost' AND heard.day + p.days <= %(last)s""",
        {
            "last": window.last,
            "by_tier": [tier for tier, _days in by_tier],
            "by_days": [days for _tier, days in by_tier],
        },
    )


SOURCES: dict[Occasion, Callable[[CarePlan, Window], tuple[str, Parameters]]] = {
    Occasion.FIRST_ORDER: _first_order,
    Occasion.DELIVERY: _delivery,
    Occasion.REPAIR: _solved("fault"),
    Occasion.COMPLAINT: _solved("complaint"),
    Occasion.ANNIVERSARY: _anniversary,
    Occasion.IMPORTANT_DATE: _important_date,
    Occasion.MAINTENANCE: _maintenance,
    Occasion.FESTIVAL: _festival,
    Occasion.SILENCE: _silence,
}
