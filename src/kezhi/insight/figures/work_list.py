"""The work list of customers who may be leaving: who has a reason, by value at risk, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils.functional import cached_property

from kezhi.core.actor import Actor
from kezhi.customers.models import FollowUp, Need, Promise, Standing
from kezhi.customers.models.standing import Stage
from kezhi.insight.figures.basis import Basis, number
from kezhi.insight.figures.keeping import kept
from kezhi.insight.figures.risk import DECLINING, FALLING, OVERDUE, AtRisk, rows_of

# Reason: what must hold. A customer of the list has one of these at least.
REASONS: dict[str, Q] = {
    "overdue": Q(overdue_ratio__gte=OVERDUE),
    "falling": Q(p_alive__lte=F("p_alive_before") - FALLING),
    "declining": Q(revenue_trend__lte=DECLINING),
}


@dataclass(frozen=True, slots=True)
class RiskTotals:
    """Customers with a reason, their value at risk, and how many have each reason (one may have several)."""

    customers: int
    value: float
    by_reason: dict[str, int]


@dataclass(frozen=True, slots=True)
class Owed:
    """What we owe a customer past its day: the oldest need without a reply, the oldest promise not kept."""

    what: str
    due_on: date
    is_promise: bool


@dataclass(frozen=True)
class WorkRow:
    """A customer of the list, what we owe it, and the follow-up that is planned, if there is one."""

    risk: AtRisk
    owed: Owed | None
    planned: FollowUp | None

    @cached_property
    def customer_id(self) -> int:
        return self.risk.customer_id


def listed(actor: Actor) -> QuerySet[Standing]:
    """Customers who aren't lost yet, with value at risk and a reason to act."""
    some = Q()
    for reason in REASONS.values():
        some |= reason
    rows: QuerySet[Standing] = Standing.objects.visible_to(actor)
    return rows.filter(some, value_at_risk__gt=0).exclude(stage=Stage.LOST)


@kept
def risk_totals(actor: Actor, basis: Basis) -> RiskTotals:
    """Over the customers that the actor may see."""
    counts = {f"with_{name}": Count("pk", filter=held) for name, held in REASONS.items()}
    found = listed(actor).aggregate(customers=Count("pk"), value=Sum("value_at_risk"), **counts)
    return RiskTotals(
        customers=found["customers"],
        value=number(found["value"]) or 0.0,
        by_reason={name: found[f"with_{name}"] for name in REASONS},
    )


def work_list(
    actor: Actor,
    basis: Basis,
    *,
    on: date,
    reason: str = "",
    after: int | None = None,
    limit: int = 50,
) -> list[WorkRow]:
    """The next `limit` customers after the customer `after`, the most value at risk first.

    `reason`: one of `REASONS`, "owed" (we owe them something past its day), "open" (nothing is planned).
    """
    rows = listed(actor)
    if reason in REASONS:
        rows = rows.filter(REASONS[reason])
    elif reason == "owed":
        rows = rows.filter(_is_owed(actor, on))
    elif reason == "open":
        rows = rows.filter(~Exists(FollowUp.objects.open().filter(customer=OuterRef("pk"))))
    if after is not None:
        rows = _beyond(rows, actor, after)
    ordered = rows.select_related("customer__owner").order_by("-value_at_risk", "customer_id")
    return _with_work(rows_of(list(ordered[:limit]), actor, basis), actor, on)


def _beyond(rows: QuerySet[Standing], actor: Actor, after: int) -> QuerySet[Standing]:
    """Those that follow a customer in the order of the list; all where it isn't known any more."""
    last = Standing.objects.visible_to(actor).filter(pk=after).first()
    if last is None or last.value_at_risk is None:
        return rows
    same = Q(value_at_risk=last.value_at_risk, customer_id__gt=after)
    return rows.filter(Q(value_at_risk__lt=last.value_at_risk) | same)


def _is_owed(actor: Actor, on: date) -> Q:
    mine: dict[str, Any] = {"customer": OuterRef("pk")}
    return Q(Exists(Need.objects.visible_to(actor).overdue(on).filter(**mine))) | Q(
        Exists(Promise.objects.visible_to(actor).overdue(on).filter(**mine))
    )


def _with_work(rows: Sequence[AtRisk], actor: Actor, on: date) -> list[WorkRow]:
    """Three queries, however many rows."""
    ids = [row.customer_id for row in rows]
    owed: dict[int, Owed] = {}
    needs = Need.objects.visible_to(actor).overdue(on).filter(customer_id__in=ids)
    for need in needs.order_by("-reply_due_on", "-pk"):
        owed[need.customer_id] = Owed(need.what, need.reply_due_on, is_promise=False)
    promises = Promise.objects.visible_to(actor).overdue(on).filter(customer_id__in=ids)
    for promise in promises.order_by("-due_on", "-pk"):
        known = owed.get(promise.customer_id)
        if known is None or promise.due_on < known.due_on:
            owed[promise.customer_id] = Owed(promise.what, promise.due_on, is_promise=True)
    planned = FollowUp.objects.visible_to(actor).next_of(ids)
    return [WorkRow(row, owed.get(row.customer_id), planned.get(row.customer_id)) for row in rows]
