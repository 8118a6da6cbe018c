"""Look-alikes: who resembles the best customers, and in what.

Features are standardised; each weighs by how far the best stand from the others in it (the square of
the standardised difference), so that what doesn't tell them apart doesn't count. The distance is the
weighted mean square of standard deviations to the mean of the best; similarity = exp(−distance ÷ 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]

LEAST_BEST = 5


@dataclass(frozen=True, slots=True)
class LookAlikes:
    """`similarity` (0 to 1) per customer, NaN for who is among the best or has no feature known.

    `weights` of the features add up to 1. `reasons` (customers × features) are by how much each
    brings the customer nearer than the average one of the others is; they add up to the difference of
    the distances. `order` are the others by falling similarity.
    """

    names: tuple[str, ...]
    weights: Vector
    similarity: Vector
    reasons: Vector
    order: NDArray[np.int64]

    def named_reasons(self, customer: int, most: int = 3) -> tuple[tuple[str, float], ...]:
        """The features that speak most for a customer, with their part."""
        own = self.reasons[customer]
        ranked = np.argsort(-own, kind="stable")[:most]
        return tuple((self.names[k], float(own[k])) for k in ranked if own[k] > 0)


def look_alikes(features: ArrayLike, is_best: ArrayLike, names: tuple[str, ...]) -> LookAlikes:
    """Likeness of n customers to the best among them, from n × k features (NaN: not known).

    An unknown feature counts as the average of the others. Raises ValueError with fewer than five
    best or others, or where no feature tells them apart.

    >>> x = np.array([[9.0, 1], [8, 0], [9, 1], [8, 0], [9, 1], [1, 1], [7, 0], [2, 0], [1, 1], [2, 1]])
    >>> found = look_alikes(x, np.arange(10) < 5, ("staff", "noise"))
    >>> found.order[0], found.named_reasons(6)[0][0], found.weights.round(2)
    (np.int64(6), 'staff', array([1., 0.]))
    """
    X = np.asarray(features, dtype=np.float64).reshape(-1, len(names))
    best = np.asarray(is_best, dtype=np.bool_)
    if len(X) != len(best):
        raise ValueError("features and is_best must have the same length")
    if min(best.sum(), (~best).sum()) < LEAST_BEST:
        raise ValueError(f"at least {LEAST_BEST} best customers and as many others are needed")
    mean_best, mean_rest = _means(X[best]), _means(X[~best])
    spread = _spread(X, best, mean_best, mean_rest)
    apart = np.where(spread > 0, (mean_best - mean_rest) / np.where(spread > 0, spread, 1), 0.0)
    apart = np.nan_to_num(apart)
    if not apart.any():
        raise ValueError("no feature tells the best customers from the others")
    weights = apart**2 / (apart**2).sum()
    z = (np.where(np.isfinite(X), X, mean_rest) - mean_best) / np.where(spread > 0, spread, 1)
    z = np.nan_to_num(z)
    parts = weights * z**2
    usual = parts[~best].mean(axis=0)
    unknown = best | ~np.isfinite(X).any(axis=1)
    similarity = np.where(unknown, np.nan, np.exp(-parts.sum(axis=1) / 2))
    others = np.flatnonzero(~unknown)
    order = others[np.argsort(-similarity[others], kind="stable")]
    return LookAlikes(names, weights, similarity, usual - parts, order.astype(np.int64))


def _means(X: Vector) -> Vector:
    known = np.isfinite(X)
    counts = known.sum(axis=0)
    total = np.where(known, X, 0.0).sum(axis=0)
    return np.divide(total, counts, out=np.full(X.shape[1], np.nan), where=counts > 0)


def _spread(X: Vector, best: NDArray[np.bool_], mean_best: Vector, mean_rest: Vector) -> Vector:
    """Standard deviation within the two groups, pooled."""
    away = X - np.where(best[:, None], mean_best, mean_rest)
    known = np.isfinite(away)
    freedom = np.maximum(known.sum(axis=0) - 2, 1)
    within = np.sqrt(np.where(known, away**2, 0.0).sum(axis=0) / freedom)
    # A feature that is constant within both groups but differs tells them apart perfectly.
    whole = np.nan_to_num(np.abs(mean_best - mean_rest))
    return np.asarray(np.where(within > 1e-9 * np.maximum(whole, 1e-300), within, whole * 1e-3))
