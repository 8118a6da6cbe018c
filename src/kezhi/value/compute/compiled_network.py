"""The compiled kernel behind `influence.network`. Importing this module imports numba.

Relations are sorted by their target in two counting passes; the sweeps are Gauss-Seidel in the order
of codes on one thread, so that the same input gives the same digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from kezhi.value.influence.network import is_close, residual_bound, scaled


def solve(
    tails: NDArray[np.int32],
    heads: NDArray[np.int32],
    weight: NDArray[np.float64],
    v: NDArray[np.float64],
    start: NDArray[np.float64] | None,
    damping: float,
    tolerance: float,
    most_sweeps: int,
) -> tuple[NDArray[np.float64], float, int]:
    """x = v + d Pᵀx, a bound of its residual, and how many sweeps it took.

    `weight` of length 1 counts for every relation.
    """
    customers = len(v)
    step = 1 if len(weight) == len(tails) and len(weight) > 1 else 0
    starts, origins, weights, leaving = _sorted_by_target(tails, heads, weight, step, customers)
    leads = leaving > 0
    x, _ = scaled(v if start is None else start, leads, damping)
    per_weight = np.where(leads, damping / np.where(leads, leaving, 1.0), 0.0)
    flow = x * per_weight
    sweeps, residual = 0, np.inf
    while sweeps < most_sweeps and not is_close(residual, damping, tolerance):
        change, mass = _sweep(starts, origins, weights, step, v, per_weight, damping, x, flow)
        factor = 1 / mass
        x *= factor
        flow *= factor
        residual, sweeps = residual_bound(change, factor, damping), sweeps + 1
    return x, residual, sweeps


@njit(cache=True, nogil=True)
def _sorted_by_target(tails: Any, heads: Any, weight: Any, step: int, customers: int) -> Any:
    starts = np.zeros(customers + 1, np.int64)
    leaving = np.zeros(customers)
    for k in range(len(heads)):
        starts[heads[k] + 1] += 1
        leaving[tails[k]] += weight[k * step]
    for c in range(customers):
        starts[c + 1] += starts[c]
    place = starts[:-1].copy()
    origins = np.empty(len(heads), np.int32)
    weights = np.empty(len(heads) if step else 1, np.float64)
    weights[0] = weight[0]
    for k in range(len(heads)):
        at = place[heads[k]]
        place[heads[k]] = at + 1
        origins[at] = tails[k]
        if step:
            weights[at] = weight[k]
    return starts, origins, weights, leaving


@njit(cache=True, nogil=True)
def _sweep(
    starts: Any,
    origins: Any,
    weights: Any,
    step: int,
    v: Any,
    per_weight: Any,
    damping: float,
    x: Any,
    flow: Any,
) -> tuple[float, float]:
    """One Gauss-Seidel sweep in place: Σ |Δx|, and (1 − d) Σ x + d Σ x of those without relations.

    `flow` is d · x ÷ the weight that leaves a customer.
    """
    change, mass = 0.0, 0.0
    for c in range(len(v)):
        came = 0.0
        for k in range(starts[c], starts[c + 1]):
            came += flow[origins[k]] * weights[k * step]
        ahead = v[c] + came
        change += abs(ahead - x[c])
        x[c] = ahead
        flow[c] = ahead * per_weight[c]
        mass += ahead * (1 - damping) if per_weight[c] > 0 else ahead
    return change, mass
