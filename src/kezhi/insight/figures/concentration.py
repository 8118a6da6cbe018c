"""How much hangs on how few: the Pareto curve, Gini, the largest customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kezhi.core.actor import Actor
from kezhi.customers.models import Standing
from kezhi.insight.copying import copied_rows
from kezhi.insight.figures.basis import Basis
from kezhi.insight.figures.keeping import kept
from kezhi.value.concentration import concentration

MOST_POINTS = 200
LARGEST = 5


@dataclass(frozen=True, slots=True)
class NamedShare:
    """One of the largest customers and its share of all contribution."""

    customer_id: int
    name: str
    contribution: float
    share: float


@dataclass(frozen=True, slots=True)
class Pareto:
    """The contribution of 12 months over buyers, the largest first.

    `points` are (share of customers, share of contribution). The `elbow` is where one more customer begins
    to bring less than the average; `marginal` is the mean contribution of each customer after it. `peak`
    above 1 is what unprofitable customers destroy. Figures are None where nothing was earned.
    """

    points: tuple[tuple[float, float], ...]
    customers: int
    total: float
    elbow: tuple[float, float] | None
    elbow_customers: int
    marginal: float | None
    gini: float | None
    hhi: float | None
    top_shares: dict[int, float]
    top_ten_share: float | None
    reaching_80: float | None
    peak: float | None
    largest: tuple[NamedShare, ...]

    def __post_init__(self) -> None:
        # Kept as JSON, the per cents come back as text.
        object.__setattr__(self, "top_shares", {int(k): v for k, v in self.top_shares.items()})


@kept
def pareto(actor: Actor, basis: Basis) -> Pareto:
    """Concentration among the customers that the actor may see."""
    buyers = Standing.objects.visible_to(actor).filter(contribution_12m__isnull=False)
    rows = buyers.filter(occasions__gt=0).values_list("contribution_12m")
    amounts = copied_rows(rows, {"amount": pa.float64()})["amount"].to_numpy()
    found = concentration(amounts)
    ranked = np.sort(amounts)[::-1]
    total = float(ranked.sum())
    elbow_customers = int((ranked > ranked.mean()).sum()) if len(ranked) else 0
    has_curve = total > 0 and 0 < elbow_customers < len(ranked)
    head = float(ranked[:elbow_customers].sum())
    earned = float(ranked[ranked > 0].sum())
    return Pareto(
        points=_thinned(found.curve),
        customers=len(ranked),
        total=total,
        elbow=(elbow_customers / len(ranked), head / total) if has_curve else None,
        elbow_customers=elbow_customers,
        marginal=(total - head) / (len(ranked) - elbow_customers) if has_curve else None,
        gini=found.gini,
        hhi=found.hhi,
        top_shares={round(share * 100): part for share, part in found.top},
        top_ten_share=float(ranked[:10].clip(min=0).sum()) / earned if earned else None,
        reaching_80=found.reaching_80,
        peak=found.peak,
        largest=_largest(actor, earned),
    )


def _largest(actor: Actor, earned: float) -> tuple[NamedShare, ...]:
    if not earned:
        return ()
    rows = (
        Standing.objects.visible_to(actor)
        .filter(contribution_12m__gt=0)
        .order_by("-contribution_12m", "customer_id")
        .values_list("customer_id", "customer__name", "contribution_12m")[:LARGEST]
    )
    return tuple(
        NamedShare(customer_id, name, float(amount), float(amount) / earned)
        for customer_id, name, amount in rows
    )


def _thinned(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    if len(points) <= MOST_POINTS:
        return points
    kept = np.unique(np.linspace(0, len(points) - 1, MOST_POINTS).round().astype(int))
    return tuple(points[place] for place in kept)
