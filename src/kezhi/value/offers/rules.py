"""Association rules (Agrawal & Srikant 1994): who buys these also buys those.

With N baskets and counts c: support c(X∪Y)/N, confidence c(X∪Y)/c(X), lift = confidence ÷ (c(Y)/N),
leverage = support − c(X)c(Y)/N² (Piatetsky-Shapiro 1991), conviction = (1 − c(Y)/N)/(1 − confidence)
(Brin et al. 1997; infinite where the rule never fails).

Significance is Fisher's exact test, one-sided: the probability of so many common baskets or more if X
and Y had nothing to do with each other. Many rules are tested at once, so that some look good by
chance: `q_value` is the smallest false discovery rate (Benjamini & Hochberg 1995) at which a rule is
kept, counted over all rules of the frequent sets, those below the confidence included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from kezhi.value.offers.item_sets import ItemSets

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rules:
    """One entry per rule, by falling lift. `antecedents` and `consequents` are item codes, one row
    each, filled up with −1. `tested` is how many rules were tested together."""

    antecedents: NDArray[np.int32]
    consequents: NDArray[np.int32]
    count: NDArray[np.int64]
    support: Vector
    confidence: Vector
    lift: Vector
    leverage: Vector
    conviction: Vector
    p_value: Vector
    q_value: Vector
    tested: int

    def __len__(self) -> int:
        return len(self.count)


def association_rules(
    sets: ItemSets,
    *,
    least_confidence: float = 0.5,
    least_lift: float = 0.0,
    longest_consequent: int = 1,
) -> Rules:
    """Rules of the frequent sets with at least these figures.

    >>> from kezhi.value.offers.item_sets import Baskets, item_sets
    >>> lines = np.array([(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (3, 2)])
    >>> found = association_rules(item_sets(Baskets(*lines.T, 4, 3), least_support=0.5))
    >>> found.antecedents.tolist(), found.consequents.tolist(), found.confidence.round(2), found.lift.round(2)
    ([[0], [1]], [[1], [0]], array([1.  , 0.67]), array([1.33, 1.33]))
    """
    if not 0 <= least_confidence <= 1:
        raise ValueError(f"least_confidence is {least_confidence}: it is a share")
    if longest_consequent < 1:
        raise ValueError(f"longest_consequent is {longest_consequent}: a rule says something")
    tree = _Tree(sets)
    parts = [
        _split(sets, tree, length, mask)
        for length in range(2, len(sets.by_length) + 1)
        for mask in range(1, 2**length - 1)
        if mask.bit_count() <= longest_consequent
    ]
    width = max((len(sets.by_length) - 1, 1))
    if parts:
        left = np.concatenate([_padded(part[0], width) for part in parts])
        right = np.concatenate([_padded(part[1], width) for part in parts])
        both, first, second = (np.concatenate([part[k] for part in parts]) for k in (2, 3, 4))
    else:
        left = right = np.zeros((0, width), dtype=np.int32)
        both = first = second = np.zeros(0, dtype=np.int64)
    whole = float(sets.baskets)
    p_value = fisher_upper_tail(both, first, second, sets.baskets)
    q_value = false_discovery_rate(p_value)
    support, confidence = both / whole, both / np.maximum(first, 1)
    base = second / whole
    with np.errstate(divide="ignore", invalid="ignore"):
        lift = confidence / base
        conviction = np.where(both == first, np.inf, (1 - base) / (1 - confidence))
    kept = np.flatnonzero((confidence >= least_confidence - 1e-12) & (lift >= least_lift))
    codes = (
        np.where(left >= 0, sets.item_of[left], -1),
        np.where(right >= 0, sets.item_of[right], -1),
    )
    order = kept[np.lexsort((*codes[1][kept].T, *codes[0][kept].T, -both[kept], -lift[kept]))]
    return Rules(
        antecedents=codes[0][order].astype(np.int32),
        consequents=codes[1][order].astype(np.int32),
        count=both[order],
        support=support[order],
        confidence=confidence[order],
        lift=lift[order],
        leverage=(support - first / whole * base)[order],
        conviction=conviction[order],
        p_value=p_value[order],
        q_value=q_value[order],
        tested=len(both),
    )


class _Tree:
    """Counts of frequent sets, looked up by walking from prefix to prefix.

    Every prefix of a frequent set is frequent: a set is (number of its prefix, last item).
    """

    def __init__(self, sets: ItemSets) -> None:
        self.counts = sets.counts
        self.size = max(len(sets.item_of), 1)
        self.keys: list[NDArray[np.int64]] = []
        for rows in sets.by_length:
            above = np.zeros(len(rows), dtype=np.int64)
            if rows.shape[1] > 1:
                above = self._walk(rows[:, :-1])
            self.keys.append(above * self.size + rows[:, -1])  # rising, as the rows are

    def _walk(self, rows: NDArray[np.int32]) -> NDArray[np.int64]:
        at = np.zeros(len(rows), dtype=np.int64)
        for k in range(rows.shape[1]):
            at = np.searchsorted(self.keys[k], at * self.size + rows[:, k])
        return at

    def count(self, rows: NDArray[np.int32]) -> NDArray[np.int64]:
        return np.asarray(self.counts[rows.shape[1] - 1][self._walk(rows)])


def _split(
    sets: ItemSets, tree: _Tree, length: int, mask: int
) -> tuple[
    NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]
]:
    """The rules whose consequent are the items at the bits of `mask`."""
    rows = sets.by_length[length - 1]
    at = np.array([bool(mask >> k & 1) for k in range(length)])
    left, right = rows[:, ~at], rows[:, at]
    return left, right, sets.counts[length - 1], tree.count(left), tree.count(right)


def _padded(rows: NDArray[np.int32], width: int) -> NDArray[np.int32]:
    wide = np.full((len(rows), width), -1, dtype=np.int32)
    wide[:, : rows.shape[1]] = rows
    return wide


def fisher_upper_tail(both: ArrayLike, first: ArrayLike, second: ArrayLike, baskets: int) -> Vector:
    """P(K ≥ both) of the hypergeometric: Fisher's exact test, one-sided, for arrays of tables.

    Sums from the observed count outwards, away from the mode, until nothing is added any more.

    >>> fisher_upper_tail([3], [4], [4], 8).round(4)
    array([0.2429])
    """
    k, m, n = (np.asarray(part, dtype=np.float64) for part in (both, first, second))
    N = float(baskets)
    above = k > m * n / N  # sum the upper tail, else the lower one
    start = np.where(above, k, k - 1)
    lowest = np.maximum(0.0, m + n - N)
    empty = ~above & (start < lowest)
    start = np.maximum(start, lowest)
    log_p = _log_choose(m, start) + _log_choose(N - m, n - start) - _log_choose(N, n)
    term = np.exp(np.minimum(log_p, 0.0))
    total, j = term.copy(), start.copy()
    live = np.flatnonzero(term > 0)
    while len(live):
        a, b, c = j[live], m[live], n[live]
        up = above[live]
        rate = np.where(
            up,
            (b - a) * (c - a) / ((a + 1) * (N - b - c + a + 1)),
            a * (N - b - c + a) / np.maximum((b - a + 1) * (c - a + 1), 1.0),
        )
        term[live] *= np.maximum(rate, 0.0)
        j[live] += np.where(up, 1.0, -1.0)
        total[live] += term[live]
        live = live[term[live] > 1e-17 * total[live]]
    tail = np.where(above, total, np.where(empty, 1.0, 1 - total))
    return np.asarray(np.clip(tail, 0.0, 1.0))


def _log_choose(n: Vector | float, k: Vector) -> Vector:
    return np.asarray(gammaln(np.asarray(n) + 1) - gammaln(k + 1) - gammaln(np.asarray(n) - k + 1))


def false_discovery_rate(p_value: Vector) -> Vector:
    """q-values of Benjamini & Hochberg (1995).

    >>> false_discovery_rate(np.array([0.01, 0.04, 0.03, 0.5])).round(4)
    array([0.04  , 0.0533, 0.0533, 0.5   ])
    """
    order = np.argsort(-p_value, kind="stable")
    ranks = np.arange(len(p_value), 0, -1)
    rising = np.minimum.accumulate(p_value[order] * len(p_value) / ranks)
    q = np.empty_like(p_value)
    q[order] = np.minimum(rising, 1.0)
    return q
