"""Valuable customers who may be leaving, the most value at risk first, each with the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, F, Sum

from kezhi.core.actor import Actor
from kezhi.customers.models import Standing
from kezhi.insight.figures.basis import Basis, number
from kezhi.insight.figures.totals import AT_RISK

OVERDUE = 1.5  # times the customer's own rhythm
FALLING = 0.05  # of P(alive) within a month
DECLINING = -0.2  # of spend, lately against before


@dataclass(frozen=True, slots=True)
class AtRisk:
    """One customer.

    `reasons`: overdue (against the own rhythm), falling (P(alive) within a month), declining (spend).
    """

    customer_id: int
    name: str
    tier: str
    stage: str
    owner_name: str
    value_at_risk: float
    potential_value: float | None
    p_alive: float
    p_alive_before: float | None
    overdue_ratio: float | None
    days_since: int | None
    revenue_trend: float | None
    last_order_on: date | None
    expected_next_on: date | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AtRiskList:
    """How many there are, the value that hangs on them, and the first of them."""

    customers: int
    value: float
    rows: tuple[AtRisk, ...]


def at_risk(actor: Actor, basis: Basis, limit: int = 10) -> AtRiskList:
    """The customers of the built-in view "High value at risk"."""
    visible = Standing.objects.visible_to(actor).filter(AT_RISK)
    found = visible.aggregate(customers=Count("pk"), value=Sum("value_at_risk"))
    rows = visible.select_related("customer__owner").order_by(
        F("value_at_risk").desc(nulls_last=True), "customer_id"
    )[:limit]
    return AtRiskList(
        customers=found["customers"],
        value=number(found["value"]) or 0.0,
        rows=tuple(row_of(standing, basis.as_of) for standing in rows),
    )


def risk_of(actor: Actor, customer_id: int, basis: Basis) -> AtRisk | None:
    """One customer's line, of whatever tier; None where nothing is at stake or no reason speaks for it."""
    standing = (
        Standing.objects.visible_to(actor)
        .filter(pk=customer_id, value_at_risk__gt=0, p_alive__isnull=False)
        .select_related("customer__owner")
        .first()
    )
    if standing is None:
        return None
    row = row_of(standing, basis.as_of)
    return row if row.reasons else None


def row_of(standing: Standing, as_of: date) -> AtRisk:
    since = (as_of - standing.last_order_on).days if standing.last_order_on else None
    ratio = standing.overdue_ratio
    owner = standing.customer.owner
    return AtRisk(
        customer_id=standing.pk,
        name=standing.customer.name,
        tier=standing.tier,
        stage=standing.stage,
        owner_name=owner.name if owner else "",
        value_at_risk=number(standing.value_at_risk) or 0.0,
        potential_value=number(standing.potential_value),
        p_alive=standing.p_alive or 0.0,
        p_alive_before=standing.p_alive_before,
        overdue_ratio=ratio,
        days_since=since,
        revenue_trend=standing.revenue_trend,
        last_order_on=standing.last_order_on,
        expected_next_on=standing.expected_next_on,
        reasons=tuple(_reasons(standing)),
    )


def _reasons(standing: Standing) -> list[str]:
    before, now = standing.p_alive_before, standing.p_alive
    holds = {
        "overdue": (standing.overdue_ratio or 0) >= OVERDUE,
        "falling": before is not None and now is not None and before - now >= FALLING,
        "declining": (standing.revenue_trend or 0) <= DECLINING,
    }
    return [reason for reason, is_so in holds.items() if is_so]
