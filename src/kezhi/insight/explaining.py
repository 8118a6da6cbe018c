"""How a number about one customer came about: what went into it, how sure it is, what would change it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from django.db.models import Sum

from kezhi.core.actor import Actor
from kezhi.customers.declarations.customer_value import EXPLAINED
from kezhi.insight.contests import horizon_of, kept_model
from kezhi.insight.figures.basis import YEAR, Basis, number
from kezhi.insight.models import PaymentBehaviour, Snapshot, Unprofitable, ValueRun
from kezhi.insight.rhythm import NextPurchase, kept_rhythm, next_purchases
from kezhi.insight.winning_back import model_of
from kezhi.ledger.models import CostEntry
from kezhi.value.durations import DAYS_PER_YEAR
from kezhi.value.measure import Settings
from kezhi.value.potential.continuation import Horizon, discounted_purchases
from kezhi.value.potential.dert import dert
from kezhi.value.potential.naive import Naive
from kezhi.value.potential.purchase_model import PurchaseModel

FIGURES = EXPLAINED
"""What can be asked for, as the snapshot names it."""
RESTS_ON_A_YEAR = {"revenue_12m", "contribution_12m"}
SILENCE = 30
"""Days of further silence that are told beside an order today."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """What the model says of a customer at some moment. `continuation` is None where the past rate is carried
    on instead of the model."""

    p_alive: float
    p_purchase_12m: float
    continuation: float | None


@dataclass(frozen=True, slots=True)
class Explained:
    """A figure of the run. `orders_from` … `orders_until` are the orders behind it; `costs` what serving cost
    by activity, as entered, `late_payment` what late payment cost, and `priced` what rates and shared totals
    added. `order_today` and `silent` are what the model would say then; None without a model. `without_end` is
    the continuation without a horizon, of potential value alone, as far as the model tells it."""

    name: str
    entry: Decimal | float | date | None
    snapshot: Snapshot
    rules: Settings
    run: ValueRun
    orders_from: date | None
    orders_until: date
    costs: dict[str, float]
    late_payment: float
    priced: float
    year: Unprofitable | None
    now: Foretold | None
    order_today: Foretold | None
    silent: Foretold | None
    rhythm: NextPurchase | None
    without_end: float | None = None


def explain(actor: Actor, customer_id: int, name: str, basis: Basis) -> Explained | None:
    """None where the run measured no such figure of the customer, or the actor may not see it."""
    snapshot: Snapshot | None = (
        Snapshot.objects.visible_to(actor).filter(run=basis.run, customer_id=customer_id).first()
    )
    if name not in FIGURES or snapshot is None or getattr(snapshot, name) is None:
        return None
    run = ValueRun.objects.select_related("value_settings").get(pk=basis.run.pk)
    rules = Settings.from_json(run.value_settings.rules)
    costs, late, priced = {}, 0.0, 0.0
    if name == "cost_to_serve":
        costs, late = _costs(customer_id, run.as_of), _late_payment(customer_id)
        priced = (number(snapshot.cost_to_serve) or 0.0) - sum(costs.values()) - late
    year = None
    if name == "contribution_12m":
        year = Unprofitable.objects.filter(pk=customer_id).first()
    rhythm = None
    if name in ("expected_next_on", "overdue_ratio"):
        found = next_purchases([customer_id], kept_rhythm(basis), as_of=run.as_of)
        rhythm = found.get(customer_id)
    now, ordered, silent = _moments(snapshot, run, rules)
    return Explained(
        name=name,
        entry=getattr(snapshot, name),
        snapshot=snapshot,
        rules=rules,
        run=run,
        orders_from=run.as_of - YEAR if name in RESTS_ON_A_YEAR else snapshot.first_on,
        orders_until=run.as_of,
        costs=costs,
        late_payment=late,
        priced=round(priced, 2),
        year=year,
        now=now,
        order_today=ordered,
        silent=silent,
        rhythm=rhythm,
        without_end=_without_end(snapshot, run, rules) if name == "potential_value" else None,
    )


def _without_end(snapshot: Snapshot, run: ValueRun, rules: Settings) -> float | None:
    """All purchases still to come, discounted (DERT), × what one brings; None where money isn't discounted,
    upkeep runs on, or the past rate is carried on instead of a model."""
    model = model_of(run, snapshot.segment)
    carried_on = kept_model(run, snapshot.segment).get("chosen") == Naive.name
    if model is None or carried_on or rules.annual_rate <= 0 or rules.upkeep_per_month:
        return None
    if snapshot.recency is None or snapshot.age is None:
        return None
    purchases = dert(
        model,
        [float(snapshot.repeats)],
        [snapshot.recency],
        [snapshot.age],
        annual_rate=rules.annual_rate,
        unit=rules.unit,
    )
    return float(purchases[0]) * worth_of_purchase(snapshot, rules)


def potential_interval(snapshot: Snapshot) -> tuple[Decimal, ...] | None:
    """Of continuation and growth together: of the mean (low, high), of the outcome (low, high)."""
    parts = (snapshot.mean_low, snapshot.mean_high, snapshot.outcome_low, snapshot.outcome_high)
    low, high = snapshot.growth_low or Decimal(0), snapshot.growth_high or Decimal(0)
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return tuple(part + more for part, more in zip(known, (low, high, low, high), strict=True))


def _costs(customer_id: int, until: date) -> dict[str, float]:
    """Costs to serve as entered, by activity, the largest first."""
    rows = CostEntry.objects.filter(customer_id=customer_id, incurred_on__lte=until)
    found = rows.values("activity").annotate(total=Sum("amount")).order_by("-total", "activity")
    return {row["activity"]: float(row["total"]) for row in found}


def _late_payment(customer_id: int) -> float:
    found = PaymentBehaviour.objects.filter(pk=customer_id).values_list("cost", flat=True).first()
    return number(found) or 0.0


def worth_of_purchase(snapshot: Snapshot, rules: Settings) -> float:
    """What a purchase is expected to bring: margin on expected spend less returns, less its cost of serving."""
    serving = rules.cost_per_occasion
    if serving is None:
        serving = (number(snapshot.cost_to_serve) or 0.0) / max(snapshot.occasions, 1)
    kept_share = 1 - (snapshot.return_rate or 0.0)
    spend, margin = snapshot.expected_spend or 0.0, snapshot.margin_rate or 0.0
    return spend * margin * kept_share - serving


def _moments(
    snapshot: Snapshot, run: ValueRun, rules: Settings
) -> tuple[Foretold | None, Foretold | None, Foretold | None]:
    """As measured, after an order today, and after a month of further silence."""
    model = model_of(run, snapshot.segment)
    if model is None or snapshot.recency is None or snapshot.age is None:
        return None, None, None
    x, t_x, T = float(snapshot.repeats), snapshot.recency, snapshot.age
    months, rate = rules.horizon_months, rules.annual_rate
    now, then = (horizon_of(run, months, rate, later=days) for days in (0, SILENCE))

    def at(x: float, t_x: float, T: float, horizon: Horizon) -> Foretold:
        return _foretold(model, x, t_x, T, snapshot, run, rules, horizon)

    # On the day of the first order there is no second purchase occasion to be had.
    ordered = at(x + 1, T, T, now) if T > 0 else None
    return at(x, t_x, T, now), ordered, at(x, t_x, T + now.after(SILENCE), then)


def _foretold(
    model: PurchaseModel,
    x: float,
    t_x: float,
    T: float,
    snapshot: Snapshot,
    run: ValueRun,
    rules: Settings,
    horizon: Horizon,
) -> Foretold:
    repeats, recency, age = (np.array([entry]) for entry in (x, t_x, T))
    year = horizon.after(DAYS_PER_YEAR)
    continuation = None
    chosen = kept_model(run, snapshot.segment).get("chosen")
    if chosen != Naive.name and not rules.upkeep_per_month:
        purchases = float(discounted_purchases(repeats, recency, age, model, horizon)[0])
        continuation = purchases * worth_of_purchase(snapshot, rules)
    return Foretold(
        p_alive=float(model.p_alive(repeats, recency, age)[0]),
        p_purchase_12m=float(model.p_purchase(repeats, recency, age, year)[0]),
        continuation=continuation,
    )
