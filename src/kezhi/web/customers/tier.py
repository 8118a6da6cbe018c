"""What a customer's tier is promised, whether it was given by hand, and what is done in its cell of the value
matrix: lines of the customer's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from kezhi.customers.models import Customer, Standing
from kezhi.insight import naming
from kezhi.insight.models import MatrixStrategies, TierOverride, TierPolicies, ValueRun
from kezhi.insight.policies import policies_of
from kezhi.insight.strategies import strategies_of
from kezhi.value.matrix import THIRDS
from kezhi.web.customers.reach import reaches
from kezhi.web.requests import PersonRequest
from kezhi.web.value.tiers import policy_line


@dataclass(frozen=True, slots=True)
class TierTold:
    """`policy` is empty where nothing is promised, `strategy` where nothing is said of the `cell`; the others
    are what people set by hand."""

    policy: str
    meaning: str
    by_hand_until: date | None
    waiting: dict[str, Any] | None
    cell: str = ""
    strategy: str = ""


def told_with(rows: QuerySet[Customer]) -> QuerySet[Customer]:
    """Customers with what this line tells, in the statement that reads them."""
    open_ones = TierOverride.objects.filter(customer=OuterRef("pk")).open()
    told = JSONObject(pk="pk", state="state", tier="tier", until="until")
    return rows.annotate(
        promised=Subquery(TierPolicies.objects.order_by("-pk").values("policies")[:1]),
        by_hand=ArraySubquery(open_ones.values_list(told)),
        said_of_cells=Subquery(MatrixStrategies.objects.order_by("-pk").values("strategies")[:1]),
        matrix=Subquery(ValueRun.objects.readable().values("summary__matrix")[:1]),
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
        cell=str(naming.quadrant_label(customer.standing.quadrant)),
        strategy=_strategy(customer.standing, read.said_of_cells or {}, read.matrix or {}),
    )


def _strategy(standing: Standing, said: dict[str, Any], matrix: dict[str, Any]) -> str:
    """What is done with a customer in this place of the matrix that the run drew."""
    strategy = strategies_of(said).get(standing.quadrant)
    if strategy is None:
        return ""
    third, border = matrix.get("third"), matrix.get("third_border")
    level = getattr(standing, third) if third in THIRDS else None
    if level is None or border is None:
        return strategy.for_level(None)
    return strategy.for_level(level >= border and level > 0)
