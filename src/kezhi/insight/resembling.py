"""Customers who resemble the best: in how they buy and what they are, not in what they are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import F
from numpy.typing import NDArray

from kezhi.customers.models.standing import Tier
from kezhi.insight.models import Snapshot, ValueRun
from kezhi.value.offers.affinity import Purchased
from kezhi.value.offers.look_alikes import look_alikes

BEST = (Tier.S.value, Tier.A.value)
MOST = 500
REASONS = 3
LEAST_IN_GROUP = 20
"""An industry with fewer customers is drawn towards the average by so many."""

# Feature: where the snapshot keeps it.
READ = {
    "mean_spend": "mean_spend",
    "mean_interval_days": "mean_interval_days",
    "tenure_months": "tenure_months",
    "revenue_trend": "revenue_trend",
    "return_rate": "return_rate",
    "margin_rate": "margin_rate",
}
FEATURES = (*READ, "breadth", "industry")


@dataclass(frozen=True, slots=True)
class Alike:
    """A customer below the best tiers, how much it resembles them, and in what."""

    customer: int
    similarity: float
    reasons: tuple[str, ...]


def found_alike(run: ValueRun, customers: NDArray[np.int64], bought: Purchased) -> list[Alike]:
    """The nearest to the best tiers among these customers; none where too few are known to tell."""
    read = list(
        Snapshot.objects.filter(run=run, tier__gt="", occasions__gt=0)
        .order_by("-current_value", "pk")
        .values_list("customer_id", "tier", *READ.values(), F("customer__industry"))[
            : len(customers)
        ]
    )
    among = set(customers.tolist())
    read = [row for row in read if row[0] in among]
    if not read:
        return []
    ids = np.array([row[0] for row in read], dtype=np.int64)
    is_best = np.isin([row[1] for row in read], BEST)
    numbers = np.array([[_number(entry) for entry in row[2:-1]] for row in read])
    numbers[:, 0] = np.log1p(np.maximum(numbers[:, 0], 0.0))
    features = np.column_stack(
        (numbers, _breadth(ids, customers, bought), _industry([row[-1] for row in read], is_best))
    )
    try:
        found = look_alikes(features, is_best, FEATURES)
    except ValueError:  # too few of the best or of the others, or nothing tells them apart
        return []
    return [
        Alike(
            int(ids[k]),
            round(float(found.similarity[k]), 4),
            tuple(name for name, _part in found.named_reasons(int(k), REASONS)),
        )
        for k in found.order[:MOST].tolist()
    ]


def _number(entry: Any) -> float:
    return np.nan if entry is None else float(entry)


def _breadth(
    ids: NDArray[np.int64], customers: NDArray[np.int64], bought: Purchased
) -> NDArray[np.float64]:
    """How many different products each bought."""
    pairs = np.unique(bought.customers.astype(np.int64) * max(bought.item_count, 1) + bought.items)
    counts = np.bincount(pairs // max(bought.item_count, 1), minlength=len(customers))
    return np.log1p(counts[np.searchsorted(customers, ids)].astype(np.float64))


def _industry(names: list[str], is_best: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The share of the best among the customer's industry; unknown where none is noted."""
    distinct, code = np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)
    many = np.bincount(code, minlength=len(distinct)).astype(np.float64)
    best = np.bincount(code, is_best.astype(np.float64), minlength=len(distinct))
    usual = float(is_best.mean())
    share = (best + usual * LEAST_IN_GROUP) / (many + LEAST_IN_GROUP)
    share[distinct == ""] = np.nan
    return np.asarray(share[code], dtype=np.float64)
