"""The place of customers in a network of relations: personalised PageRank (Page & Brin 1998).

A relation leads from the customer who is influenced to the one who influences; the weight of a
customer flows along its relations. With damping d, the personalisation v (Σ v = 1) and the relations'
weights as shares P of the customer they leave,

    r = d Pᵀr + (d · Σ r of those without relations + 1 − d) v,

so that who has no relations of their own gives back by v. r is proportional to x = (I − dPᵀ)⁻¹ v,
which Gauss-Seidel sweeps solve. After each the whole is scaled to the mass that x must have,
Σ x = 1 + d · Σ x of those with relations: without that it approaches it by d a sweep only. With
the residual ρ = v + dPᵀx − x the error is stated by ‖x − x*‖₁ ≤ ‖ρ‖₁/(1 − d).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.costs.allocation import allocate

Vector = NDArray[np.float64]

MANY_RELATIONS = 100_000
"""From here on the sweeps are compiled."""


@dataclass(frozen=True, slots=True)
class PageRank:
    """`scores` add up to 1. `error` bounds Σ |score − exact score|; `sweeps` it took."""

    scores: Vector
    error: float
    sweeps: int
    converged: bool


def personalised_pagerank(
    sources: ArrayLike,
    targets: ArrayLike,
    *,
    customers: int,
    weights: ArrayLike | None = None,
    personalisation: ArrayLike | None = None,
    damping: float = 0.85,
    tolerance: float = 1e-8,
    start: ArrayLike | None = None,
    most_sweeps: int = 500,
) -> PageRank:
    """PageRank of `customers` by relations source → target, in their codes.

    `weights` of relations are positive, 1 where None; `personalisation` is at least 0 for each
    customer, even where None. `start` is an earlier result (warm start): it changes the number of
    sweeps, not the scores beyond the stated error. `tolerance` is for `error`. The same input gives
    the same numbers to the last digit.

    >>> found = personalised_pagerank([1, 2, 3], [0, 0, 1], customers=4)
    >>> found.scores.round(4), found.error < 1e-8
    (array([0.4706, 0.2544, 0.1375, 0.1375]), True)
    """
    tails, heads, weight = _relations(sources, targets, weights, customers)
    if not 0 < damping < 1:
        raise ValueError(f"damping is {damping}: it lies between 0 and 1")
    if not tolerance > 0:
        raise ValueError(f"tolerance is {tolerance}: it must be positive")
    if customers == 0:
        return PageRank(np.zeros(0), 0.0, 0, True)
    v = _personalisation(personalisation, customers)
    solve = _kernel() if len(tails) >= MANY_RELATIONS else _by_jacobi
    before = None if start is None else _scores(start, customers)
    x, residual, sweeps = solve(tails, heads, weight, v, before, damping, tolerance, most_sweeps)
    away = residual / (1 - damping)
    total = float(x.sum())
    # Normalising moves each of x and x* by no more than their distance again.
    error = 2 * away / max(total - away, 1.0)
    return PageRank(x / total, error, sweeps, error <= tolerance)


def network_share(scores: ArrayLike, amount: float) -> Vector:
    """`amount` shared out by network scores, exact to the cent: it distributes, it creates none.

    >>> network_share([0.5, 0.25, 0.25], 100.01)
    array([50.01, 25.  , 25.  ])
    """
    return allocate(amount, scores)


def _relations(
    sources: ArrayLike, targets: ArrayLike, weights: ArrayLike | None, customers: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], Vector]:
    tails, heads = np.asarray(sources), np.asarray(targets)
    if len(tails) != len(heads) or (weights is not None and len(np.asarray(weights)) != len(tails)):
        raise ValueError("sources, targets and weights must have the same length")
    for codes in (tails, heads):
        if len(codes) and not (codes.min() >= 0 and codes.max() < customers):
            raise ValueError(f"a relation names a customer outside 0 … {customers - 1}")
    weight = np.ones(1) if weights is None else np.asarray(weights, dtype=np.float64)
    if weights is not None and not (np.isfinite(weight).all() and (weight > 0).all()):
        raise ValueError("the weight of a relation must be positive")
    return (
        np.ascontiguousarray(tails, dtype=np.int32),
        np.ascontiguousarray(heads, dtype=np.int32),
        np.ascontiguousarray(weight),
    )


def _personalisation(wanted: ArrayLike | None, customers: int) -> Vector:
    if wanted is None:
        return np.full(customers, 1 / customers)
    v = np.asarray(wanted, dtype=np.float64)
    if v.shape != (customers,) or not (np.isfinite(v).all() and (v >= 0).all() and v.any()):
        raise ValueError("the personalisation needs a number of at least 0 for each customer")
    return np.ascontiguousarray(v / v.sum())


def _scores(start: ArrayLike, customers: int) -> Vector:
    scores = np.asarray(start, dtype=np.float64)
    if scores.shape != (customers,) or not (np.isfinite(scores).all() and (scores >= 0).all()):
        raise ValueError("a warm start needs a score of at least 0 for each customer")
    return scores


def _by_jacobi(
    tails: NDArray[np.int32],
    heads: NDArray[np.int32],
    weight: Vector,
    v: Vector,
    start: Vector | None,
    damping: float,
    tolerance: float,
    most_sweeps: int,
) -> tuple[Vector, float, int]:
    """The same for few relations, in NumPy: x ← v + d Pᵀx."""
    customers = len(v)
    each = np.broadcast_to(weight, tails.shape)
    leaving = np.bincount(tails, each, minlength=customers)
    share, leads = each / leaving[tails], leaving > 0
    x, _ = scaled(v if start is None else start, leads, damping)
    sweeps, residual = 0, np.inf
    while sweeps < most_sweeps and not is_close(residual, damping, tolerance):
        ahead = v + damping * np.bincount(heads, share * x[tails], minlength=customers)
        change = float(np.add.reduce(np.abs(ahead - x)))
        x, factor = scaled(ahead, leads, damping)
        residual, sweeps = residual_bound(change, factor, damping), sweeps + 1
    return x, residual, sweeps


def scaled(x: Vector, leads: NDArray[np.bool_], damping: float) -> tuple[Vector, float]:
    """x times the factor that gives it the mass of the solution, and the factor."""
    mass = (1 - damping) * float(np.add.reduce(x)) + damping * float(np.add.reduce(x[~leads]))
    factor = 1 / mass if mass > 0 else 1.0
    return x * factor, factor


def residual_bound(change: float, factor: float, damping: float) -> float:
    """Of s·x, s the factor: s · (residual of x ≤ d · last change) + |1 − s| · v."""
    return factor * damping * change + abs(1 - factor)


def is_close(residual: float, damping: float, tolerance: float) -> bool:
    """Whether the residual leaves an error of the scores within the tolerance (|x*| ≥ 1)."""
    away = residual / (1 - damping)
    return 2 * away <= tolerance * max(1.0 - away, 0.0)


_COMPILED: list[Callable[..., Any]] = []


def _kernel() -> Callable[..., Any]:
    if not _COMPILED:
        from kezhi.value.compute import compiled_network

        _COMPILED.append(compiled_network.solve)
    return _COMPILED[0]
