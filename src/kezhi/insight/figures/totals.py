"""What the customers are worth altogether, by tier, and over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, Sum

from kezhi.core.actor import Actor
from kezhi.customers.models import Standing
from kezhi.customers.models.standing import Tier
from kezhi.insight.figures.basis import YEAR, Basis, Figure, months_before, number, share
from kezhi.insight.figures.keeping import kept
from kezhi.insight.models import Snapshot, ValueRun

# The built-in view "High value at risk" of the customer list.
AT_RISK = Q(tier__in=["S", "A", "B"], p_alive__lt=0.6)
SUMS = (
    "potential_value",
    "realised_value",
    "contribution_12m",
    "revenue_12m",
    "value_at_risk",
)


@dataclass(frozen=True, slots=True)
class Strip:
    """The figures at the head of a value page.

    `customer_asset` is what the present customers are expected to bring (continuation and growth).
    `retention`: of those who had bought in the year before the run a year ago, the share who bought since;
    `net_retention`: their revenue of the last 12 months over that of the 12 months before.
    """

    customers: int
    measured: int
    buyers: int
    customer_asset: Figure
    realised_value: Figure
    contribution_12m: Figure
    revenue_12m: Figure
    value_at_risk: Figure
    retention: Figure
    net_retention: Figure
    at_risk_customers: int
    is_estimate: bool


@kept
def strip(actor: Actor, basis: Basis) -> Strip:
    """Sums over the customers that the actor may see, with what they were at the compared run."""
    now = (
        Standing.objects.visible_to(actor)
        .of_customers()
        .aggregate(
            customers=Count("pk"),
            measured=Count("pk", filter=Q(run_id__isnull=False)),
            buyers=Count("pk", filter=Q(occasions__gt=0)),
            at_risk=Count("pk", filter=AT_RISK),
            estimates=Count("pk", filter=Q(realised_is_estimate=True)),
            **{name: Sum(name) for name in SUMS},
        )
    )
    before = _sums_at(actor, basis.compared)
    retention, net_retention = _retention(actor, basis.year_ago)
    figures = {name: Figure(number(now[name]), number(before.get(name))) for name in SUMS}
    return Strip(
        customers=now["customers"],
        measured=now["measured"],
        buyers=now["buyers"],
        customer_asset=figures["potential_value"],
        realised_value=figures["realised_value"],
        contribution_12m=figures["contribution_12m"],
        revenue_12m=figures["revenue_12m"],
        value_at_risk=figures["value_at_risk"],
        retention=Figure(retention),
        net_retention=Figure(net_retention),
        at_risk_customers=now["at_risk"],
        is_estimate=bool(now["estimates"]),
    )


def _sums_at(actor: Actor, run: ValueRun | None) -> dict[str, Any]:
    if run is None:
        return {}
    snapshots = Snapshot.objects.visible_to(actor).filter(run=run)
    sums: dict[str, Any] = snapshots.aggregate(**{name: Sum(name) for name in SUMS})
    return sums


def _retention(actor: Actor, year_ago: ValueRun | None) -> tuple[float | None, float | None]:
    if year_ago is None:
        return None, None
    active = Snapshot.objects.visible_to(actor).filter(
        run=year_ago, last_on__gt=year_ago.as_of - YEAR
    )
    found = active.aggregate(
        active=Count("pk"),
        stayed=Count("pk", filter=Q(customer__standing__last_order_on__gt=year_ago.as_of)),
        revenue_then=Sum("revenue_12m"),
        revenue_now=Sum("customer__standing__revenue_12m"),
    )
    return (
        share(found["stayed"], found["active"]),
        share(number(found["revenue_now"]), number(found["revenue_then"])),
    )


def asset_interval(actor: Actor, basis: Basis) -> tuple[float, float] | None:
    """How sure the expected customer asset is: the sums of the intervals of the customers' means.

    The parameters of the model move all customers the same way at once, so the sums are its interval too.
    """
    found = (
        Snapshot.objects.visible_to(actor)
        .filter(run=basis.run)
        .aggregate(
            low=Sum("mean_low"),
            high=Sum("mean_high"),
            growth_low=Sum("growth_low"),
            growth_high=Sum("growth_high"),
        )
    )
    low, high = number(found["low"]), number(found["high"])
    if low is None or high is None:
        return None
    return low + (number(found["growth_low"]) or 0), high + (number(found["growth_high"]) or 0)


@dataclass(frozen=True, slots=True)
class PyramidStep:
    tier: str
    customers: int
    customers_share: float | None
    contribution: float
    contribution_share: float | None
    potential_value: float
    value_at_risk: float


@dataclass(frozen=True, slots=True)
class Pyramid:
    """The tiers from best to lowest. `unmeasured` customers stand in none."""

    steps: tuple[PyramidStep, ...]
    unmeasured: int

    def step(self, tier: str) -> PyramidStep:
        return next(step for step in self.steps if step.tier == tier)


@kept
def pyramid(actor: Actor, basis: Basis) -> Pyramid:
    """Customers and contribution of 12 months by tier."""
    rows = {
        row["tier"]: row
        for row in Standing.objects.visible_to(actor)
        .of_customers()
        .values("tier")
        .annotate(
            customers=Count("pk"),
            contribution=Sum("contribution_12m"),
            potential=Sum("potential_value"),
            risk=Sum("value_at_risk"),
        )
        .order_by()
    }
    customers = sum(row["customers"] for tier, row in rows.items() if tier)
    contribution = sum(float(row["contribution"] or 0) for tier, row in rows.items() if tier)
    return Pyramid(
        steps=tuple(
            _step(tier, rows.get(tier, {}), customers, contribution) for tier in Tier.values
        ),
        unmeasured=rows.get("", {}).get("customers", 0),
    )


def _step(
    tier: str,
    row: dict[str, Any],
    customers: int,
    contribution: float,
) -> PyramidStep:
    own = float(row.get("contribution") or 0)
    return PyramidStep(
        tier=tier,
        customers=row.get("customers", 0),
        customers_share=share(row.get("customers", 0), customers),
        contribution=own,
        contribution_share=share(own, contribution),
        potential_value=float(row.get("potential") or 0),
        value_at_risk=float(row.get("risk") or 0),
    )


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """The company, or the actor's part of it, at one run."""

    as_of: date
    customers: int
    customer_asset: float | None
    contribution_12m: float | None
    revenue_12m: float | None
    value_at_risk: float | None


@kept
def trend(actor: Actor, basis: Basis, months: int = 13) -> tuple[TrendPoint, ...]:
    """Sums at every kept run of the last months, the oldest first."""
    since = months_before(basis.as_of, months)
    rows = (
        Snapshot.objects.visible_to(actor)
        .filter(run__in=ValueRun.objects.readable().filter(as_of__gte=since).order_by())
        .values("as_of")
        .annotate(
            customers=Count("pk", filter=Q(occasions__gt=0)),
            **{f"{name}_sum": Sum(name) for name in SUMS},
        )
        .order_by("as_of")
    )
    return tuple(
        TrendPoint(
            as_of=row["as_of"],
            customers=row["customers"],
            customer_asset=number(row["potential_value_sum"]),
            contribution_12m=number(row["contribution_12m_sum"]),
            revenue_12m=number(row["revenue_12m_sum"]),
            value_at_risk=number(row["value_at_risk_sum"]),
        )
        for row in rows
    )
