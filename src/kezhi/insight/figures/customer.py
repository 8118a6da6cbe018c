"""One customer: why the score is what it is, index by index, and how the value went."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from kezhi.core.actor import Actor
from kezhi.insight.fed_from_above import unit_of
from kezhi.insight.figures.basis import YEAR, Basis, months_before, number
from kezhi.insight.models import Snapshot, ValueRun
from kezhi.insight.naming import Label, index_label
from kezhi.value.index.tree import Branch, FrozenTree, Leaf
from kezhi.value.plain import from_plain


@dataclass(frozen=True, slots=True)
class LeafPart:
    """An index that is measured, or not.

    `weight` is its weight among its siblings, `share` the part it really has in this customer's score, after
    indices without data gave theirs away. `points` is what it moves the score up or down against the mean.
    `raw` is the measure itself, in `unit` (money, probability, trend, months, number, count, points); `cut` is
    "<" or ">" where only the bound is known that it lies at or beyond. The orders behind it lie from
    `orders_from` to `orders_until`; both None where it doesn't rest on orders.
    """

    name: str
    label: Label
    measure: str
    weight: float
    share: float
    normalised: float | None
    mean: float | None
    points: float | None
    is_measured: bool
    raw: float | None
    unit: str
    orders_from: date | None
    orders_until: date | None
    cut: str = ""


@dataclass(frozen=True, slots=True)
class BranchPart:
    """A group of indices; `points` is the sum of all leaves below it, None where none is measured.

    `leaves` and `branches` are what stands right below it.
    """

    name: str
    label: Label
    weight: float
    share: float
    points: float | None
    is_measured: bool
    leaves: tuple[LeafPart, ...]
    branches: tuple[BranchPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """`score` = `mean_score` + the points of all leaves + `shift`.

    `shift` is what moved because indices that others have are not measured for this customer.
    """

    as_of: date
    score: float
    mean_score: float
    shift: float
    branches: tuple[BranchPart, ...]


def snapshot_of(actor: Actor, customer_id: int, basis: Basis) -> Snapshot | None:
    """The customer in the run of the basis; None where there is none, or the actor may not see it."""
    rows = Snapshot.objects.visible_to(actor).filter(run=basis.run, customer_id=customer_id)
    return rows.first()


def explanation(actor: Actor, customer_id: int, basis: Basis) -> Explanation | None:
    """Why the customer has the score of the run; None where there is none, or the actor may not see it."""
    snapshot = snapshot_of(actor, customer_id, basis)
    return explained(snapshot, basis) if snapshot is not None else None


def explained(snapshot: Snapshot, basis: Basis) -> Explanation | None:
    """The same of a snapshot that was read; the run's tree is read once for each basis."""
    if snapshot.score is None:
        return None
    tree = from_plain(FrozenTree, basis.run.tree)
    leaves = np.array([[np.nan if leaf is None else leaf for leaf in snapshot.leaves]])
    if leaves.shape[1] != len(tree.tree.leaf_names):
        return None
    found, shares = tree.explain(leaves), tree.weights(leaves)
    parts = iter(
        [
            _leaf(leaf, snapshot, tree, leaves[0, place], shares[0, place], found.parts[0, place])
            for place, leaf in enumerate(tree.tree.leaves())
        ]
    )
    branches = [
        _branch(branch, tree.child_weights("")[place], str(place), tree, parts)
        for place, branch in enumerate(tree.tree.branches)
    ]
    return Explanation(
        as_of=basis.as_of,
        score=float(found.score[0]),
        mean_score=found.mean_score,
        shift=float(found.shift[0]),
        branches=tuple(branches),
    )


def _branch(
    branch: Branch, weight: float, path: str, tree: FrozenTree, parts: Iterator[LeafPart]
) -> BranchPart:
    """`parts` are the leaves from left to right; this group takes its own from them."""
    weights = tree.child_weights(path)
    leaves = tuple(replace(next(parts), weight=own) for own in weights[: len(branch.leaves)])
    below = tuple(
        _branch(child, weights[place], f"{path}.{place}", tree, parts)
        for place, child in enumerate(branch.branches, len(branch.leaves))
    )
    parts_below: list[LeafPart | BranchPart] = [*leaves, *below]
    measured = [part.points for part in parts_below if part.points is not None]
    return BranchPart(
        name=branch.name,
        label=index_label(branch.name),
        weight=weight,
        share=sum(part.share for part in parts_below),
        points=sum(measured) if measured else None,
        is_measured=bool(measured),
        leaves=leaves,
        branches=below,
    )


Raw = Callable[[Snapshot], float | None]

# Measure: where the snapshot keeps it, its unit, and whether only the orders of 12 months count.
RAW: dict[str, tuple[Raw, str, bool]] = {
    "contribution_12m": (lambda s: number(s.contribution_12m), "money", True),
    "revenue_12m": (lambda s: number(s.revenue_12m), "money", True),
    "continuation_value": (lambda s: number(s.continuation_value), "money", False),
    "realised_value": (lambda s: number(s.realised_value), "money", False),
    "current_value": (lambda s: number(s.current_value), "money", False),
    "potential_value": (lambda s: number(s.potential_value), "money", False),
    "growth_value": (lambda s: number(s.growth_value), "money", False),
    "total": (lambda s: number(s.total), "money", False),
    "trend_of_spend": (lambda s: s.revenue_trend, "trend", False),
    "tenure_months": (lambda s: s.tenure_months, "months", False),
    "p_purchase_12m": (lambda s: s.p_purchase_12m, "probability", False),
    "p_alive": (lambda s: s.p_alive, "probability", False),
    "return_rate": (lambda s: s.return_rate, "probability", False),
    "occasions": (lambda s: s.occasions, "number", False),
    "repeats": (lambda s: s.repeats, "number", False),
    "overdue_ratio": (lambda s: s.overdue_ratio, "number", False),
    "wallet_gap": (lambda s: number(s.wallet_gap), "money", False),
    "mean_interval_days": (lambda s: s.mean_interval_days, "number", False),
}
# What no snapshot keeps is told by the normalised leaf and its bounds.
UNITS = {"cross_sell": "money", "satisfaction": "points", "reputation": "points"}
NO_ORDERS = {"wallet_gap"}


def _leaf(
    leaf: Leaf, snapshot: Snapshot, tree: FrozenTree, normalised: float, share: float, points: float
) -> LeafPart:
    is_measured = bool(np.isfinite(normalised))
    rests_on_orders = is_measured and leaf.measure in RAW and leaf.measure not in NO_ORDERS
    cut, raw = "", None
    if leaf.measure in RAW:
        read, unit, is_recent = RAW[leaf.measure]
        raw = read(snapshot)
    else:
        unit, is_recent = UNITS.get(leaf.measure, unit_of(leaf.measure)), False
        behind = tree.measure_behind(leaf, float(normalised))
        raw, cut = behind if behind is not None else (None, "")
    first_on = snapshot.as_of - YEAR if is_recent else snapshot.first_on
    bounds = tree.bounds.get(leaf.name)
    return LeafPart(
        name=leaf.name,
        label=index_label(leaf.name),
        measure=leaf.measure,
        weight=leaf.weight,
        share=float(share),
        normalised=float(normalised) if is_measured else None,
        mean=bounds.mean if bounds and is_measured else None,
        points=float(points) if is_measured else None,
        is_measured=is_measured,
        raw=raw if is_measured else None,
        unit=unit,
        cut=cut,
        orders_from=first_on if rests_on_orders else None,
        orders_until=snapshot.as_of if rests_on_orders else None,
    )


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """What a kept run measured of the customer."""

    as_of: date
    tier: str
    stage: str
    score: float | None
    potential_value: float | None
    potential_low: float | None
    potential_high: float | None
    realised_value: float | None
    p_alive: float | None
    value_at_risk: float | None
    revenue_12m: float | None


def history(
    actor: Actor, customer_id: int, months: int = 24, until: date | None = None
) -> tuple[HistoryPoint, ...]:
    """The customer at the kept runs of so many months, the oldest first; `until` is the newest run's day."""
    if until is None:
        latest = ValueRun.objects.readable().only("as_of").first()
        if latest is None:
            return ()
        until = latest.as_of
    rows = (
        Snapshot.objects.visible_to(actor)
        .filter(
            customer_id=customer_id,
            as_of__gte=months_before(until, months),
            run__state=ValueRun.State.PUBLISHED,
        )
        .order_by("as_of", "run_id")
    )
    return tuple(
        HistoryPoint(
            as_of=row.as_of,
            tier=row.tier,
            stage=row.stage,
            score=row.score,
            potential_value=number(row.potential_value),
            potential_low=number(row.outcome_low),
            potential_high=number(row.outcome_high),
            realised_value=number(row.realised_value),
            p_alive=row.p_alive,
            value_at_risk=number(row.value_at_risk),
            revenue_12m=number(row.revenue_12m),
        )
        for row in rows
    )
