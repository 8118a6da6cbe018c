"""Retention by cohort: who first bought in a quarter, and who of them bought again how much later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from django.db.models import Count, IntegerField, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import (
    Cast,
    ExtractMonth,
    ExtractQuarter,
    ExtractYear,
    TruncQuarter,
)

from kezhi.core.actor import Actor
from kezhi.customers.models import Standing
from kezhi.insight.figures.basis import Basis
from kezhi.insight.figures.keeping import kept
from kezhi.ledger.models import Order

Columns = Literal["month", "quarter"]
MONTHS = {"month": 1, "quarter": 3}


@dataclass(frozen=True, slots=True)
class CohortRow:
    """Customers whose first purchase lies from `starts_on` to `until_on`.

    `retained[k]` is the share that bought in the (k+1)-th month or quarter after; None: not over yet.
    """

    starts_on: date
    until_on: date
    customers: int
    retained: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class CohortTable:
    """Cohorts, the oldest first."""

    columns: Columns
    periods: int
    rows: tuple[CohortRow, ...]


@kept
def cohorts(
    actor: Actor, basis: Basis, columns: Columns = "month", rows: int = 8, periods: int = 8
) -> CohortTable:
    """Cohorts by quarter of the first purchase, by calendar months or quarters since."""
    first = _quarter_before(basis.as_of, rows - 1)
    visible = Standing.objects.visible_to(actor).filter(
        first_order_on__gte=first, first_order_on__lte=basis.as_of
    )
    sizes = dict(
        visible.annotate(starts_on=TruncQuarter("first_order_on"))
        .values_list("starts_on")
        .annotate(Count("pk"))
        .order_by()
    )
    numbered = NUMBERED[columns]
    since = numbered("ordered_on") - numbered("customer__standing__first_order_on")
    active = (
        Order.objects.filter(
            customer__in=visible.values("customer_id"), amount__gt=0, ordered_on__lte=basis.as_of
        )
        .annotate(
            starts_on=TruncQuarter("customer__standing__first_order_on"),
            since=Cast(since, IntegerField()),
        )
        .filter(since__gte=1, since__lte=periods)
        .values_list("starts_on", "since")
        .annotate(customers=Count("customer_id", distinct=True))
        .order_by()
    )
    counted = {(starts_on, step): customers for starts_on, step, customers in active}
    return CohortTable(
        columns=columns,
        periods=periods,
        rows=tuple(
            _row(starts_on, sizes[starts_on], counted, basis.as_of, columns, periods)
            for starts_on in sorted(sizes)
        ),
    )


def _row(
    starts_on: date,
    customers: int,
    counted: dict[tuple[date, int], int],
    as_of: date,
    columns: Columns,
    periods: int,
) -> CohortRow:
    until_on = _month_end(starts_on, 2)
    retained: list[float | None] = []
    for step in range(1, periods + 1):
        is_over = _month_end(until_on, step * MONTHS[columns]) <= as_of
        active = counted.get((starts_on, step), 0)
        retained.append(active / customers if is_over else None)
    return CohortRow(starts_on, until_on, customers, tuple(retained))


def _month_number(path: str) -> CombinedExpression:
    return ExtractYear(path) * Value(12) + ExtractMonth(path)


def _quarter_number(path: str) -> CombinedExpression:
    return ExtractYear(path) * Value(4) + ExtractQuarter(path)


NUMBERED = {"month": _month_number, "quarter": _quarter_number}


def _quarter_before(day: date, quarters: int) -> date:
    position = day.year * 4 + (day.month - 1) // 3 - quarters
    return date(position // 4, position % 4 * 3 + 1, 1)


def _month_end(day: date, months: int) -> date:
    """The last day of the month so many months after."""
    position = day.year * 12 + day.month - 1 + months + 1
    return date(position // 12, position % 12 + 1, 1) - timedelta(days=1)
