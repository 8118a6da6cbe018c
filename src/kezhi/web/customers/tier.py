"""What a customer's tier is promised, and whether it was given by hand: a line of the customer's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from kezhi.customers.models import Customer
from kezhi.insight.models import TierOverride, TierPolicies
from kezhi.insight.policies import policies_of
from kezhi.web.customers.reach import reaches
from kezhi.web.requests import PersonRequest
from kezhi.web.value.tiers import policy_line


@dataclass(frozen=True, slots=True)
class TierTold:
    """`policy` is empty where nothing is promised; the others are what people set by hand."""

    policy: str
    meaning: str
    by_hand_until: date | None
    waiting: dict[str, Any] | None


def told_with(rows: QuerySet[Customer]) -> QuerySet[Customer]:
    """Customers with what this line tells, in the statement that reads them."""
    open_ones = TierOverride.objects.filter(customer=OuterRef("pk")).open()
    told = JSONObject(pk="pk", state="state", tier="tier", until="until")
    return rows.annotate(
        promised=Subquery(TierPolicies.objects.order_by("-pk").values("policies")[:1]),
        by_hand=ArraySubquery(open_ones.values_list(told)),
    )


def of(request: PersonRequest, customer: Customer) -> TierTold | None:
    """None for who may not know what customers are worth."""
    actor = request.actor
    if not actor.sees("customer", "value"):
        return None
    if not hasattr(customer, "promised"):
        customer = told_with(Customer.objects.filter(pk=customer.pk)).get()
    read: Any = customer
    policies = policies_of(TierPolicies(policies=read.promised or {}))
    policy = policies.get(customer.standing.tier)
    by_state = {}
    if reaches(actor, "read", "tier_override", customer):
        by_state = {told["state"]: told for told in read.by_hand}
    in_force = by_state.get(TierOverride.State.IN_FORCE)
    return TierTold(
        policy=policy_line(policy, actor) if policy else "",
        meaning=policy.meaning if policy else "",
        by_hand_until=date.fromisoformat(in_force["until"]) if in_force else None,
        waiting=by_state.get(TierOverride.State.WAITING),
    )
