"""Why a customer costs more than it brings: its costs against those of similar customers.

Similar customers are those of the same group (a tier, an industry, a region) whose revenue is nearest.
A component is dear where it takes a larger share of revenue than theirs; the difference in money
is how much more it costs than it would with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]

SIMILAR = 20
LEAST_SIMILAR = 3
LARGEST = 3


@dataclass(frozen=True, slots=True)
class Cause:
    """A cost component (`cost_of_goods`, or a kind of cost to serve), as shares of revenue.

    `excess` is the money above what the average of the similar customers would have cost.
    """

    component: str
    amount: float
    share: float
    similar_share: float
    excess: float


@dataclass(frozen=True, slots=True)
class Loss:
    """The figures behind "costs more than it brings because …".

    `contribution` = revenue − all costs. `causes` are the components with the largest excess, the
    largest first; empty where there is no revenue or nobody to compare with (`similar` < 3): then
    the largest components in money are in `largest`, which is always filled.
    """

    customer: int
    revenue: float
    contribution: float
    similar: int
    causes: tuple[Cause, ...]
    largest: tuple[tuple[str, float], ...]


def loss_of(
    customer: int,
    revenue: ArrayLike,
    costs: Mapping[str, ArrayLike],
    *,
    group: ArrayLike | None = None,
    similar: int = SIMILAR,
) -> Loss:
    """The causes of one customer's loss (or small profit), by position.

    `costs` are components per customer. Similar ones have positive revenue and the same `group`.

    >>> found = loss_of(0, [100, 110, 90, 120], {"cost_of_goods": [60, 66, 54, 72],
    ...     "visits": [50, 11, 9, 12]})
    >>> found.contribution, [(c.component, c.share, c.similar_share, c.excess) for c in found.causes]
    (-10.0, [('visits', 0.5, 0.1, 40.0)])
    """
    own = np.asarray(revenue, dtype=np.float64)
    amounts = {name: np.asarray(cost, dtype=np.float64) for name, cost in costs.items()}
    spent = {name: float(cost[customer]) for name, cost in amounts.items()}
    peers = _similar(customer, own, None if group is None else np.asarray(group), similar)
    brought = float(own[customer])
    causes = []
    if brought > 0 and len(peers) >= LEAST_SIMILAR:
        theirs = float(own[peers].sum())
        for name, cost in amounts.items():
            usual = float(cost[peers].sum()) / theirs
            excess = spent[name] - usual * brought
            if excess > 1e-9 * brought:
                causes.append(Cause(name, spent[name], spent[name] / brought, usual, excess))
    causes.sort(key=lambda cause: (-cause.excess, cause.component))
    ranked = sorted(spent.items(), key=lambda pair: (-pair[1], pair[0]))
    return Loss(
        customer=customer,
        revenue=brought,
        contribution=brought - sum(spent.values()),
        similar=len(peers),
        causes=tuple(causes[:LARGEST]),
        largest=tuple((name, amount) for name, amount in ranked[:LARGEST] if amount > 0),
    )


def _similar(
    customer: int, revenue: Vector, group: NDArray[np.generic] | None, count: int
) -> NDArray[np.int64]:
    there = np.asarray(revenue > 0)
    there[customer] = False
    if group is not None:
        there &= group == group[customer]
    found = np.flatnonzero(there)
    if len(found) > count:
        with np.errstate(divide="ignore"):
            apart = np.abs(np.log(revenue[found]) - np.log(max(float(revenue[customer]), 1e-9)))
        found = np.sort(found[np.argsort(apart, kind="stable")[:count]])
    return found
