"""Valuable customers who may be leaving, the most value at risk first, each with the reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, F, Sum

from kezhi.core.actor import Actor
from kezhi.customers.models import Standing
from kezhi.insight.figures.basis import Basis, number
from kezhi.insight.figures.totals import AT_RISK
from kezhi.satisfaction.analysing.contentment import Fall, falls_of

OVERDUE = 1.5  # times the customer's own rhythm
FALLING = 0.05  # of P(alive) within a month
DECLINING = -0.2  # of spend, lately against before
# Apps above say what isn't settled with some customers (their ids → a sentence for those who have trouble).
troubles: list[Callable[[Sequence[int]], Mapping[int, str]]] = []


@dataclass(frozen=True, slots=True)
class Behind:
    """A goal that was agreed on with the customer and isn't kept up with.

    `health` is 0 to 100 of what should be reached by now; `due_on` the day by which the goal was to be reached.
    """

    health: float | None
    due_on: date
    is_off_track: bool


# … and apps above say which goals fall behind on a day (ids, day → the worst of each customer who has one).
goals_behind: list[Callable[[Sequence[int], date], Mapping[int, Behind]]] = []


@dataclass(frozen=True, slots=True)
class AtRisk:
    """One customer.

    `reasons`: overdue (against the own rhythm), falling (P(alive) within a month), declining (spend),
    discontent (satisfaction fell: `fall` says from where to where), trouble (something isn't settled:
    `trouble` says what), behind (a goal agreed on with them falls behind: `behind`).
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
    fall: Fall | None = None
    trouble: str = ""
    behind: Behind | None = None


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
    listed = rows_of(list(rows), actor, basis)
    return AtRiskList(
        customers=found["customers"],
        value=number(found["value"]) or 0.0,
        rows=tuple(listed),
    )


def risk_of(
    actor: Actor, customer_id: int, basis: Basis, *, trouble: str | None = None
) -> AtRisk | None:
    """One customer's line, of whatever tier; None where nothing is at stake or no reason speaks for it.

    `trouble`: what isn't settled with them, "" for nothing, from who has asked already.
    """
    standing = (
        Standing.objects.visible_to(actor)
        .filter(pk=customer_id, value_at_risk__gt=0, p_alive__isnull=False)
        .select_related("customer__owner")
        .first()
    )
    if standing is None:
        return None
    asked = None if trouble is None else {standing.pk: trouble}
    (row,) = rows_of([standing], actor, basis, asked)
    return row if row.reasons else None


def rows_of(
    standings: Sequence[Standing],
    actor: Actor,
    basis: Basis,
    trouble: Mapping[int, str] | None = None,
) -> list[AtRisk]:
    """The lines of some customers; what they answered is told to who reads responses."""
    falls: dict[int, Fall] = {}
    if actor.may("read", "survey_response"):
        falls = falls_of([each.pk for each in standings], basis.as_of)
    known = trouble if trouble is not None else _trouble_of([each.pk for each in standings])
    behind = _behind([each.pk for each in standings], basis.as_of)
    return [
        row_of(each, basis.as_of, falls.get(each.pk), known.get(each.pk, ""), behind.get(each.pk))
        for each in standings
    ]


def _behind(ids: list[int], on: date) -> dict[int, Behind]:
    found: dict[int, Behind] = {}
    for ask in goals_behind:
        found |= ask(ids, on)
    return found


def _trouble_of(ids: list[int]) -> dict[int, str]:
    known: dict[int, str] = {}
    for ask in troubles:
        known |= ask(ids)
    return known


def row_of(
    standing: Standing,
    as_of: date,
    fall: Fall | None = None,
    trouble: str = "",
    behind: Behind | None = None,
) -> AtRisk:
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
        reasons=tuple(_reasons(standing, fall, trouble, behind)),
        fall=fall,
        trouble=trouble,
        behind=behind,
    )


def _reasons(
    standing: Standing, fall: Fall | None, trouble: str, behind: Behind | None
) -> list[str]:
    before, now = standing.p_alive_before, standing.p_alive
    holds = {
        "overdue": (standing.overdue_ratio or 0) >= OVERDUE,
        "falling": before is not None and now is not None and before - now >= FALLING,
        "declining": (standing.revenue_trend or 0) <= DECLINING,
        "discontent": fall is not None,
        "trouble": bool(trouble),
        "behind": behind is not None,
    }
    return [reason for reason, is_so in holds.items() if is_so]
