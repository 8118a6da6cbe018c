"""What a customer is worth and why, as the customer page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from kezhi.core.actor import Actor
from kezhi.customers.models import Customer, Standing
from kezhi.insight import fed_from_above, figures, paying
from kezhi.insight.explaining import potential_interval
from kezhi.insight.models import PaymentBehaviour, Snapshot, ValueRun
from kezhi.records import Condition, registry
from kezhi.web import numbers
from kezhi.web.customers.filled import holds
from kezhi.web.findings import told
from kezhi.web.value.explained import label_of
from kezhi.web.value.pictures import by_scores
from kezhi.web.value.source import is_stale, source

NEAR = 35  # days
EXPLAINED = (
    "realised_value",
    "cost_to_serve",
    "contribution_12m",
    "current_value",
    "growth_value",
    "value_at_risk",
    "overdue_ratio",
    "revenue_trend",
)


@dataclass(frozen=True, slots=True)
class Worth:
    """Everything of the value section. `snapshot` is None for a customer that came after the last run."""

    run: ValueRun
    standing: Standing
    snapshot: Snapshot | None
    history: Sequence[figures.HistoryPoint]
    explanation: figures.Explanation | None
    nodes: list[dict[str, Any]]
    widest: float
    is_stale: bool
    influence: figures.Bringer | None
    records_influence: bool
    payment: PaymentBehaviour | None

    @property
    def source(self) -> str:
        return source(self.run)

    @property
    def horizon_months(self) -> int:
        return round(self.run.value_settings.rules.get("horizon_months", 36))

    @property
    def interval_level(self) -> float:
        return float(self.run.value_settings.rules.get("interval_level", 0.8))

    @property
    def p_alive_history(self) -> list[float | None]:
        return [point.p_alive for point in self.history]

    @property
    def revenue_change(self) -> float | None:
        """Revenue of 12 months against that of a year ago, if a run from then is kept."""
        year_ago = self.run.as_of - timedelta(days=365)
        near = [point for point in self.history if abs((point.as_of - year_ago).days) <= NEAR]
        then = near[-1].revenue_12m if near else None
        now = self.standing.revenue_12m
        return float(now) / then - 1 if then and now is not None else None

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The value bar: what has been realised, and what may still come."""
        snapshot, standing = self.snapshot, self.standing
        return [
            {
                "label": _("Realised"),
                "amount": standing.realised_value,
                "shown": numbers.money(standing.realised_value),
                "kind": "fact",
                "note": self._realised_note(snapshot),
            },
            {
                "label": _("Potential"),
                "amount": standing.potential_value,
                "shown": numbers.money(standing.potential_value),
                "kind": "predicted",
                "note": self._potential_note(snapshot),
                "source": self.source,
            },
        ]

    def _realised_note(self, snapshot: Snapshot | None) -> str:
        if snapshot is None or snapshot.revenue is None:
            return ""
        return _("Revenue %(revenue)s − goods %(goods)s − service %(service)s") % {
            "revenue": numbers.money(snapshot.revenue, plain=True),
            "goods": numbers.money(snapshot.cost_of_goods, plain=True),
            "service": numbers.money(snapshot.cost_to_serve, plain=True),
        }

    def _potential_note(self, snapshot: Snapshot | None) -> str:
        if snapshot is None or snapshot.growth_value is None:
            return _("What present business should still bring in %(months)s months") % {
                "months": self.horizon_months
            }
        return _("Continuation %(continuation)s + growth %(growth)s in %(months)s months") % {
            "continuation": numbers.money(snapshot.continuation_value, plain=True),
            "growth": numbers.money(snapshot.growth_value, plain=True),
            "months": self.horizon_months,
        }

    @property
    def potential_interval(self) -> tuple[Decimal, ...] | None:
        """Of the mean (low, high) and of the outcome (low, high)."""
        return None if self.snapshot is None else potential_interval(self.snapshot)

    @property
    def rfm(self) -> str:
        """The three scores as people write them, 5-4-3; "" for who never bought."""
        standing = self.standing
        scores = (standing.recency_score, standing.frequency_score, standing.monetary_score)
        return "" if None in scores else "-".join(map(str, scores))

    @property
    def rfm_bins(self) -> int:
        return figures.rfm_rules(self.run).bins

    @property
    def rfm_score(self) -> float:
        """The three together, by the company's weights."""
        standing = self.standing
        scores = (standing.recency_score, standing.frequency_score, standing.monetary_score)
        rules = figures.rfm_rules(self.run)
        recency, frequency, monetary = (min(score or 1, rules.bins) for score in scores)
        return figures.rfm_score(recency, frequency, monetary, rules)

    @property
    def rfm_url(self) -> str:
        """Who bought as lately and as often; "" for who never bought."""
        recency, frequency = self.standing.recency_score, self.standing.frequency_score
        return by_scores(recency, frequency) if recency and frequency else ""

    @property
    def explained(self) -> list[tuple[str, str]]:
        """Figures besides those of the strip that open: what each is, and its name."""
        if self.snapshot is None:
            return []
        known = [name for name in EXPLAINED if getattr(self.snapshot, name) is not None]
        return [(name, label_of(name)) for name in known]

    @property
    def total(self) -> Any:
        """Realised and potential together; None where one of them isn't measured."""
        known = (self.standing.realised_value, self.standing.potential_value)
        return sum(known) if None not in known else None  # type: ignore[arg-type]


def of(customer: Customer, actor: Actor, basis: figures.Basis) -> Worth | None:
    """None while the customer has not been measured."""
    standing = customer.standing
    if not standing.is_measured:
        return None
    run = basis.run
    # What the page needs of the run beside its day and its rules, at once.
    run.refresh_from_db(fields=["tree", "parameters"])
    snapshot = figures.snapshot_of(actor, customer.pk, basis)
    explained = figures.explained(snapshot, basis) if snapshot is not None else None
    has_influence = holds(customer, "influence")
    influence = figures.influence_of(actor, customer.pk, basis) if has_influence else None
    branches = explained.branches if explained else ()
    payment = PaymentBehaviour.objects.visible_to(actor).filter(pk=customer.pk).first()
    reading = _Reading(actor, customer, influence, payment)
    nodes = [_branch(branch, reading) for branch in branches]
    return Worth(
        run=run,
        standing=standing,
        snapshot=snapshot,
        history=figures.history(actor, customer.pk, until=run.as_of),
        explanation=explained,
        nodes=nodes,
        widest=_widest(nodes),
        is_stale=is_stale(run),
        influence=influence,
        records_influence=any(_records_influence(branch) for branch in branches),
        payment=payment,
    )


def _records_influence(branch: figures.BranchPart) -> bool:
    """Whether the run measured referrals or information of anybody who bought."""
    measures = ("referral_value", "information_value")
    return any(leaf.is_measured and leaf.measure in measures for leaf in branch.leaves) or any(
        _records_influence(inner) for inner in branch.branches
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """Who reads whose score, and what single indices are told by."""

    actor: Actor
    customer: Customer
    influence: figures.Bringer | None
    payment: PaymentBehaviour | None


def _branch(branch: figures.BranchPart, reading: _Reading) -> dict[str, Any]:
    return {
        "label": branch.label,
        "share": branch.share if branch.is_measured else None,
        "contribution": branch.points if branch.is_measured else None,
        "children": [
            *(_leaf(leaf, reading) for leaf in branch.leaves),
            *(_branch(inner, reading) for inner in branch.branches),
        ],
    }


def _leaf(leaf: figures.LeafPart, reading: _Reading) -> dict[str, Any]:
    customer, influence, payment = reading.customer, reading.influence, reading.payment
    shown = _measure(leaf.raw, leaf.unit, leaf.cut)
    href = _orders(leaf, customer) or _behind(leaf, reading)
    if leaf.measure == "referral_value":
        shown = numbers.money(influence.received if influence else 0)
        href = reverse("customer-network", args=[customer.pk])
    elif leaf.measure == "information_value":
        points = influence.points if influence else 0
        shown = _("%(points)s points") % {"points": numbers.number(points, plain=True)}
        href = registry["need"].list_url(Condition("customer", "eq", str(customer.pk)))
    elif leaf.measure == paying.MEASURE and payment is not None:
        share = numbers.percent(payment.share_on_time, plain=True)
        shown = _("%(share)s on time") % {"share": share}
        href = reverse("customer-payment", args=[customer.pk])
    return {
        "label": leaf.label,
        "share": leaf.share if leaf.is_measured else None,
        "contribution": leaf.points if leaf.is_measured else None,
        "shown": shown if leaf.is_measured else None,
        "href": href if leaf.is_measured else "",
    }


# Measures of the growth potential, and of what a customer answered.
OF_GROWTH = ("wallet_gap", "cross_sell")
ANSWERED = {"satisfaction": "survey_response", "reputation": "survey_response"}


def _behind(leaf: figures.LeafPart, reading: _Reading) -> str:
    """Where a measure that doesn't rest on orders comes from; "" for who may not read that."""
    pk = reading.customer.pk
    if leaf.measure in OF_GROWTH:
        return reverse("customer-figure", args=[pk, "growth_value"])
    kind = ANSWERED.get(leaf.measure) or fed_from_above.kind_of(leaf.measure)
    if not kind or not reading.actor.may("read", kind):
        return ""
    return registry[kind].list_url(Condition("customer", "eq", str(pk)))


def _measure(raw: float | None, unit: str, cut: str = "") -> str | None:
    if raw is None:
        return None
    if cut:
        words = _("%(figure)s or more") if cut == ">" else _("%(figure)s or less")
        return told(words, figure=_measure(raw, unit))
    if unit == "count":
        return numbers.number(raw, 0)
    if unit == "points":
        return _("%(points)s of 100") % {"points": numbers.number(raw, 0, plain=True)}
    if unit == "money":
        return numbers.money(raw)
    if unit == "probability":
        return numbers.probability(raw)
    if unit == "trend":
        return numbers.delta(raw, "number", 2)
    if unit == "months":
        return _("%(months)s months") % {"months": numbers.number(raw, 0, plain=True)}
    return numbers.number(raw, 1)


def _orders(leaf: figures.LeafPart, customer: Customer) -> str:
    """The orders that a measure rests on."""
    if leaf.orders_until is None:
        return ""
    conditions = [Condition("customer", "eq", str(customer.pk))]
    if leaf.orders_from is not None:
        conditions.append(Condition("ordered_on", "gte", leaf.orders_from.isoformat()))
    conditions.append(Condition("ordered_on", "lte", leaf.orders_until.isoformat()))
    return registry["order"].list_url(*conditions, sort="-ordered_on")


def _widest(nodes: list[dict[str, Any]]) -> float:
    every = list(nodes)
    for node in every:  # grows while it is read: down to the lowest
        every.extend(node.get("children", ()))
    return max((abs(node["contribution"]) for node in every if node["contribution"]), default=1.0)
