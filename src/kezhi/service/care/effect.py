"""What care did: who bought again, of those who got it and of the control group of the same plan.

Of thousands of customers it is kept (`kezhi.workbench.analysing`), all plans at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.core.actor import Actor
from kezhi.core.progress import Progress
from kezhi.customers.reaching import home_day
from kezhi.service.models import CarePlan, CareTouch
from kezhi.value.plain import from_plain, to_plain
from kezhi.value.satisfaction.means import Mean, difference_of_means, mean_of
from kezhi.value.satisfaction.shares import Difference, Share, difference_of_shares, share
from kezhi.workbench import analysing as kept
from kezhi.workbench.analysing import Analysis

NAME = "care"
LEVEL = 0.80
FEWEST = 10
"""Customers in each group before a difference is told."""
COUNTING = ("control", "given", "sent")


@dataclass(frozen=True, slots=True)
class Group:
    """Customers whose time is over: how many bought again, and what they spent each, in company currency."""

    customers: int
    bought: Share | None
    spent: Mean | None


@dataclass(frozen=True, slots=True)
class Effect:
    """`more_bought` and `more_spent` are treated minus control, at 80 %; None while groups are too small.

    `running` customers got care whose `window_days` aren't over. `told_on` is the first day on which both
    groups are large enough, by what was done until now; None where it wasn't done often enough yet.
    """

    treated: Group
    control: Group
    running: int
    more_bought: Difference | None
    more_spent: Difference | None
    told_on: date | None = None


NOTHING = Effect(Group(0, None, None), Group(0, None, None), 0, None, None)

# The first touch of each customer counts, so that nobody is in the figures twice.
COUNTED = """
    WITH first AS (
      SELECT DISTINCT ON (t.plan_id, t.customer_id) t.plan_id, t.customer_id, t.due_on,
        t.state = 'control' AS is_control
      FROM service_caretouch t
      WHERE t.plan_id = ANY(%(plans)s) AND t.state = ANY(%(states)s)
      ORDER BY t.plan_id, t.customer_id, t.due_on, t.id),
    bought AS (
      SELECT f.plan_id, f.is_control, f.due_on + p.window_days + 1 AS over_on,
        row_number() OVER (PARTITION BY f.plan_id, f.is_control ORDER BY f.due_on) AS place,
        coalesce(o.spent, 0) AS spent, coalesce(o.orders, 0) AS orders
      FROM first f JOIN service_careplan p ON p.id = f.plan_id
      LEFT JOIN LATERAL (
        SELECT sum(amount)::float8 AS spent, count(*) FILTER (WHERE amount > 0) AS orders
        FROM ledger_order WHERE customer_id = f.customer_id
          AND ordered_on > f.due_on AND ordered_on <= f.due_on + p.window_days) o ON true)
    SELECT plan_id, is_control, over_on <= %(on)s AS is_over, count(*), count(*) FILTER (WHERE orders > 0),
      sum(spent), sum(spent * spent), max(over_on) FILTER (WHERE place = %(fewest)s)
    FROM bought GROUP BY 1, 2, 3"""


@dataclass(frozen=True, slots=True)
class Read:
    """What the page of a plan shows: `effect` None while nobody has counted, and when it was counted."""

    effect: Effect | None
    state: kept.Found


def read(plan: CarePlan, actor: Actor, at: datetime) -> Read:
    found = kept.look(NAME, actor, at, str(plan.pk))
    if found.counted_at is None:
        return Read(None, found)
    return Read(from_plain(Effect, found.figures) if found.figures else NOTHING, found)


def effect_of(plan: CarePlan, on: date) -> Effect:
    """Counted from the orders, one query."""
    return _effects([plan.pk], on).get(plan.pk, NOTHING)


def _effects(plans: Iterable[int], on: date) -> dict[int, Effect]:
    asked: dict[str, Any] = {
        "plans": list(plans),
        "states": list(COUNTING),
        "on": on,
        "fewest": FEWEST,
    }
    counted: dict[int, dict[tuple[bool, bool], tuple[Any, ...]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, asked)
        for plan, is_control, is_over, *sums in cursor.fetchall():
            counted.setdefault(plan, {})[is_control, is_over] = tuple(sums)
    return {plan: _effect(rows) for plan, rows in counted.items()}


def _effect(rows: dict[tuple[bool, bool], tuple[Any, ...]]) -> Effect:
    treated, control = (_group(rows.get((is_control, True))) for is_control in (False, True))
    more_bought = more_spent = None
    if min(treated.customers, control.customers) >= FEWEST:
        if treated.bought is not None and control.bought is not None:
            more_bought = difference_of_shares(treated.bought, control.bought)
        if treated.spent is not None and control.spent is not None:
            more_spent = difference_of_means(treated.spent, control.spent, level=LEVEL)
    running = sum(sums[0] for (_is_control, is_over), sums in rows.items() if not is_over)
    enough = [_enough_on(rows, is_control) for is_control in (False, True)]
    told_on = None if None in enough else max(day for day in enough if day is not None)
    return Effect(treated, control, running, more_bought, more_spent, told_on)


def _enough_on(rows: dict[tuple[bool, bool], tuple[Any, ...]], is_control: bool) -> date | None:
    """When the time of enough customers of a group is over."""
    days = [
        rows[is_control, is_over][4] for is_over in (False, True) if (is_control, is_over) in rows
    ]
    return next((day for day in days if day is not None), None)


def _group(row: tuple[Any, ...] | None) -> Group:
    if row is None:
        return Group(0, None, None)
    count, hits, total, squares = row[:4]
    return Group(
        count, share(hits, count, level=LEVEL), mean_of(count, total, squares, level=LEVEL)
    )


def _count(rows: Any, at: datetime, progress: Progress) -> dict[str, dict[str, Any]]:
    progress(0, 100, _("Looking who bought again"))
    plans = CarePlan.objects.values_list("pk", flat=True)
    found = _effects(plans, home_day(at))
    return {str(plan): to_plain(effect) for plan, effect in found.items()}


def register() -> None:
    """Called once, when the apps are ready. Who sees a plan sees what it changed, as a whole."""
    kept.declare(
        Analysis(
            NAME,
            gettext_lazy("Effect of care"),
            lambda actor: CareTouch.objects.all(),
            lambda rows, at: rows.filter(state__in=COUNTING),
            _count,
        )
    )
