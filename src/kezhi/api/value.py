"""What customers are worth, for other systems: standing, how a figure came about, tiers and their policies."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpResponse

from kezhi.api.calling import Call, answered
from kezhi.api.problems import Problem, not_found
from kezhi.api.records import visible
from kezhi.api.taking import take
from kezhi.api.writing import Writer, named
from kezhi.core.actor import Actor
from kezhi.customers.models.standing import Tier
from kezhi.insight import explaining, figures
from kezhi.insight.explaining import Explained, Foretold
from kezhi.insight.policies import TierPolicy, policies_in_force
from kezhi.records import Field, Kind, registry

RESTS_ON_COSTS = frozenset({"contribution_12m", "cost_to_serve", "realised_value", "current_value"})


def measured_fields(kind: Kind) -> list[Field]:
    """The fields of a customer that a value run writes, as far as the actor may know them."""
    return [each for each in kind.fields if each.path.startswith("standing__")]


def standing(call: Call) -> HttpResponse:
    """Tier, value and risk of one customer by the last run."""
    kind = _kind(call)
    customer = visible(call, kind)
    writer = Writer(kind, measured_fields(kind))
    measured = writer.write(customer)
    measured.pop("id")
    measured.pop("version", None)
    policy = policies_in_force().get(customer.standing.tier)
    content = {
        "customer": named(customer, registry.declared("customer")),
        "measured_on": _plain(customer.standing.measured_on),
        **measured,
        "policy": _policy(policy, call.actor) if policy and "tier" in kind else None,
    }
    take(1, call)
    return answered(content)


def explanation(call: Call) -> HttpResponse:
    """How one figure of a customer came about; 404 where the last run measured none."""
    kind = _kind(call)
    customer = visible(call, kind)
    name = call.parts["figure"]
    if name not in explaining.FIGURES:
        raise not_found()
    is_known = name not in registry["customer"] or (name in kind and not kind.field(name).is_masked)
    sees_costs = call.actor.sees("customer", "money")
    if not is_known or (name in RESTS_ON_COSTS and not sees_costs):
        raise Problem("forbidden")
    basis = figures.basis()
    found = explaining.explain(call.actor, customer.pk, name, basis) if basis else None
    if found is None:
        raise not_found()
    take(1, call)
    return answered(_explained(found, sees_costs=sees_costs))


def tiers(call: Call) -> HttpResponse:
    """The tiers from best to lowest, with the policy in force for each."""
    _kind(call)
    policies = policies_in_force()
    content = [
        {
            "tier": tier.value,
            "name": str(tier.label),
            "policy": _policy(policies[tier.value], call.actor) if tier.value in policies else None,
        }
        for tier in Tier
    ]
    return answered({"items": content})


def _kind(call: Call) -> Kind:
    kind = call.kind("customer")
    if not call.actor.sees("customer", "value"):
        raise Problem("forbidden")
    return kind


def _policy(policy: TierPolicy, actor: Actor) -> dict[str, Any]:
    """As on the pages, the discount is for those who see costs and margins."""
    told = policy.as_json()
    if not actor.sees("customer", "money"):
        del told["discount_limit"]
    return told


def _explained(found: Explained, *, sees_costs: bool) -> dict[str, Any]:
    snapshot = found.snapshot
    content: dict[str, Any] = {
        "figure": found.name,
        "entry": _plain(found.entry),
        "as_of": _plain(found.run.as_of),
        "orders_from": _plain(found.orders_from),
        "orders_until": _plain(found.orders_until),
        "occasions": snapshot.occasions,
        "first_order_on": _plain(snapshot.first_on),
        "last_order_on": _plain(snapshot.last_on),
        "outcome_low": _plain(snapshot.outcome_low),
        "outcome_high": _plain(snapshot.outcome_high),
        "horizon_months": found.rules.horizon_months,
        "annual_rate": _plain(found.rules.annual_rate),
        "now": _foretold(found.now),
        "after_an_order_today": _foretold(found.order_today),
        "after_further_silence": _foretold(found.silent),
    }
    if sees_costs:
        content["costs"] = {name: round(total, 2) for name, total in found.costs.items()}
        content["late_payment"] = round(found.late_payment, 2)
    return content


def _foretold(foretold: Foretold | None) -> dict[str, Any] | None:
    if foretold is None:
        return None
    return {name: _plain(entry) for name, entry in asdict(foretold).items()}


def _plain(entry: Decimal | float | date | None) -> Any:
    if isinstance(entry, Decimal):
        return format(entry, "f")
    if isinstance(entry, date):
        return entry.isoformat()
    return round(entry, 6) if isinstance(entry, float) else entry
