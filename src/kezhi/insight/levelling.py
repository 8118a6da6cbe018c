"""The optimal service level from the company's own customers: contribution and cost by the service they got.

Each app says which service can be measured per customer (`LEVELS`). Customers are compared within the tier
they had a year ago, and with those for whom as much was to be done: better customers are served better, large
ones get about the mean, and neither must look like the merit of the service.
"""

# ruff: noqa: S608  # the parts of queries are the code's own; what varies goes as a parameter
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.utils.translation import gettext_lazy as _

from kezhi.insight.expecting import commitments, span
from kezhi.insight.models import ValueRun
from kezhi.records.fields import Label
from kezhi.value.service_level import NotEnough, ServiceLevel, service_level

YEAR = timedelta(days=365)
BEFORE = timedelta(days=300)
LEAST_KEPT = 3
MOST = 200_000
SERVICE = ("service", "visit", "redress")
"""Costs to serve that a better or worse service changes."""


@dataclass(frozen=True, slots=True)
class Level:
    """A service that customers get more or less of. `rows` asks for `customer_id`, `level`, the mean of the
    year after %(since)s until %(until)s, and `cases`, over how many. `unit` is `hours` or `percent`;
    `is_less_better` for times."""

    name: str
    label: Label
    rows: str
    unit: str
    is_less_better: bool


LEVELS: dict[str, Level] = {
    "kept": Level("kept", _("Share of promises kept"), "", "percent", is_less_better=False),
}

CUSTOMERS = """
    SELECT l.level::float8, (s.contribution_12m + coalesce(c.cost, 0))::float8, coalesce(c.cost, 0)::float8,
           coalesce(nullif(b.tier, ''), nullif(k.industry, ''), '-') || '/' || floor(log(2.0, l.cases))
    FROM ({levels}) l
    JOIN insight_snapshot s ON s.run_id = %(run)s AND s.customer_id = l.customer_id
    JOIN customers_customer k ON k.id = l.customer_id
    LEFT JOIN insight_snapshot b ON b.run_id = %(before)s AND b.customer_id = l.customer_id
    LEFT JOIN LATERAL (
      SELECT sum(amount) AS cost FROM ledger_costentry
      WHERE customer_id = l.customer_id AND activity = ANY(%(service)s)
        AND incurred_on > %(since)s AND incurred_on <= %(until)s) c ON true
    WHERE s.contribution_12m IS NOT NULL AND l.level IS NOT NULL LIMIT {most}"""


@dataclass(frozen=True, slots=True)
class Found:
    """The best level of one service; `why_not` says in a word why there is none: `run` (nothing is measured),
    `few` customers, the `same` level for nearly all, or no `costs` of service on record."""

    name: str
    customers: int
    why_not: str
    best: ServiceLevel | None


def levels_of(until: date) -> tuple[Found, ...]:
    """Every service that can be measured."""
    run = ValueRun.objects.latest_published()
    if run is None:
        return tuple(Found(name, 0, "run", None) for name in LEVELS)
    earlier = ValueRun.objects.published().filter(as_of__lte=run.as_of - BEFORE)
    before = earlier.filter(has_snapshots=True).order_by("-as_of", "-id").first()
    return tuple(_found(each, run, before, until) for each in LEVELS.values())


def _found(level: Level, run: ValueRun, before: ValueRun | None, until: date) -> Found:
    query = CUSTOMERS.format(levels=level.rows or _kept(), most=MOST)
    asked: dict[str, Any] = {
        "run": run.pk,
        "before": before.pk if before else 0,
        "service": list(SERVICE),
    }
    with connection.cursor() as cursor:
        cursor.execute(query, asked | span(until - YEAR, until))
        rows = cursor.fetchall()
    if not rows:
        return Found(level.name, 0, "few", None)
    got, brought, served, groups = zip(*rows, strict=True)
    if not np.any(np.array(served) > 0):
        return Found(level.name, len(rows), "costs", None)
    try:
        best = service_level(got, brought, served, groups)
    except NotEnough as error:
        return Found(level.name, len(rows), error.why, None)
    return Found(level.name, len(rows), "", best)


def _kept() -> str:
    return f"""SELECT customer_id, 100.0 * count(*) FILTER (WHERE is_kept) / count(*) AS level,
           count(*) AS cases
    FROM ({commitments()}) u WHERE customer_id IS NOT NULL
    GROUP BY customer_id HAVING count(*) >= {LEAST_KEPT}"""
