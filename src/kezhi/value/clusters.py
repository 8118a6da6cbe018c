"""The best groups of numbers on a line: k-means in one dimension, solved exactly.

Dynamic programming over the numbers in order (Wang & Song 2011, Ckmeans.1d.dp). The best last border
never goes back as more numbers come in, so that each layer is found by halving: O(k n log n).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Clusters:
    """`cluster` of each number, 0 the lowest (-1: NaN); `borders` half-way between neighbours of two
    clusters, rising; `centres`, and `within`, the weighted sum of squared distances to them."""

    cluster: NDArray[np.int8]
    borders: tuple[float, ...]
    centres: tuple[float, ...]
    within: float


def clusters(numbers: ArrayLike, k: int, weights: ArrayLike | None = None) -> Clusters:
    """The k groups with the least sum of squared distances to their means; equals stay together.

    Fewer than k distinct numbers make fewer groups. `weights` of 2 are the number written twice.
    Raises ValueError for k below 1 or above 100, and for weights that aren't above 0.

    >>> clusters([1, 2, 10, 11, 50], 3).cluster.tolist()
    [0, 0, 1, 1, 2]
    """
    own = np.asarray(numbers, dtype=np.float64)
    if not 1 <= k <= 100:
        raise ValueError(f"numbers fall into 1 to 100 groups, not {k}")
    counts = np.ones(len(own)) if weights is None else np.asarray(weights, dtype=np.float64)
    known = np.isfinite(own)
    if counts.shape != own.shape or not np.all(counts[known] > 0):
        raise ValueError("every number needs a weight above 0")
    cluster = np.full(len(own), -1, dtype=np.int8)
    if not known.any():
        return Clusters(cluster, (), (), 0.0)
    distinct, place = np.unique(own[known], return_inverse=True)
    mass = np.bincount(place, counts[known]).astype(np.float64)
    ends = _ends(distinct, mass, min(k, len(distinct)))
    of_distinct = np.searchsorted(ends, np.arange(len(distinct)), side="right")
    cluster[known] = of_distinct[place]
    inner = ends[:-1]
    borders = (distinct[inner - 1] + distinct[inner]) / 2
    total = np.bincount(of_distinct, mass)
    centres = np.bincount(of_distinct, mass * distinct) / total
    within = float((mass * (distinct - centres[of_distinct]) ** 2).sum())
    return Clusters(cluster, tuple(borders.tolist()), tuple(centres.tolist()), within)


def _ends(numbers: Vector, mass: Vector, k: int) -> Places:
    """Where each of k groups ends: positions after its last distinct number."""
    n = len(numbers)
    # Distances from the middle keep the squares small beside their differences.
    away = numbers - np.average(numbers, weights=mass)
    sums = [
        np.concatenate(([0.0], np.cumsum(part))) for part in (mass, mass * away, mass * away * away)
    ]

    def spread(first: Places, end: Places) -> Vector:
        w, s, q = (one[end] - one[first] for one in sums)
        return np.maximum(q - s * s / w, 0.0)

    upto = np.arange(1, n + 1)
    best = spread(np.zeros(n, dtype=np.int64), upto)  # of the first i + 1 numbers in one group
    starts = np.zeros((k, n), dtype=np.int64)
    for layer in range(1, k):
        best, starts[layer] = _next_layer(best, spread, layer)
    ends, end = np.zeros(k, dtype=np.int64), n
    for layer in range(k - 1, -1, -1):
        ends[layer] = end
        end = int(starts[layer, end - 1])
    return ends


def _next_layer(
    best: Vector, spread: Callable[[Places, Places], Vector], layer: int
) -> tuple[Vector, Places]:
    """With one group more: the best sum for the first i + 1 numbers, and where the last group starts.

    All middles of one depth of the halving are answered together.
    """
    n = len(best)
    found, start = np.full(n, np.inf), np.zeros(n, dtype=np.int64)
    first, last = np.array([layer]), np.array([n - 1])
    low, high = np.array([layer]), np.array([n - 1])
    while len(first):
        middle = (first + last) // 2
        top = np.minimum(high, middle)
        width = top - low + 1
        begins = np.concatenate(([0], np.cumsum(width)[:-1]))
        group = np.repeat(np.arange(len(middle)), width)
        at = np.arange(len(group)) - begins[group] + low[group]
        cost = best[at - 1] + spread(at, middle[group] + 1)
        least = np.minimum.reduceat(cost, begins)
        hits = np.flatnonzero(cost == least[group])
        chosen = at[hits[np.searchsorted(hits, begins)]]
        found[middle], start[middle] = least, chosen
        first = np.concatenate([first, middle + 1])
        last = np.concatenate([middle - 1, last])
        low, high = np.concatenate([low, chosen]), np.concatenate([chosen, high])
        open_still = first <= last
        first, last, low, high = (one[open_still] for one in (first, last, low, high))
    return found, start
