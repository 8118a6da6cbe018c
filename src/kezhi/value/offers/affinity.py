"""Products that go together: bought by the same customers, or one after the other.

With n_i customers who bought i, n_ij both, of N: cosine = n_ij/√(n_i n_j), shrunk by n_ij/(n_ij + s) so
that a few chance pairs don't lead; lift = (n_ij + s)/(n_i n_j/N + s), 1 where nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

SHRINKAGE = 5.0
WIDE = 400
"""Purchases of one customer beyond this many in a window are not paired any further."""


@dataclass(frozen=True, slots=True)
class Purchased:
    """Who bought what when: a line each, codes from 0, days since 1970-01-01. `amounts` are
    contributions in money."""

    customers: NDArray[np.int32]
    items: NDArray[np.int32]
    days: NDArray[np.int32]
    amounts: Vector
    customer_count: int
    item_count: int

    def between(self, after: int, until: int) -> Purchased:
        """The lines with after < day ≤ until."""
        kept = (self.days > after) & (self.days <= until)
        return Purchased(
            self.customers[kept],
            self.items[kept],
            self.days[kept],
            self.amounts[kept],
            self.customer_count,
            self.item_count,
        )

    def matrix(self) -> Any:
        """Customers × items (SciPy CSR): on how many days each bought each."""
        from scipy.sparse import coo_array

        shape = (self.customer_count, self.item_count)
        since = self.days - self.days.min(initial=0).astype(np.int64)
        span = int(since.max(initial=0)) + 1
        pairs = self.customers.astype(np.int64) * self.item_count + self.items
        pairs = np.unique(pairs * span + since) // span
        where = np.divmod(pairs, max(self.item_count, 1))
        return coo_array((np.ones(len(pairs)), where), shape=shape).tocsr()


@dataclass(frozen=True, slots=True)
class Pair:
    """Customers who bought `item` also bought `other`: counts and figures."""

    item: int
    other: int
    together: int
    cosine: float
    lift: float


@dataclass(frozen=True, slots=True)
class Affinity:
    """For each item the nearest others by shrunk cosine: entries of a sparse matrix, by row."""

    starts: NDArray[np.int64]
    others: NDArray[np.int32]
    cosine: Vector
    lift: Vector
    together: NDArray[np.int64]

    def of(self, item: int) -> tuple[Pair, ...]:
        """The nearest others of an item, the nearest first."""
        span = range(int(self.starts[item]), int(self.starts[item + 1]))
        pairs = [
            Pair(
                item,
                int(self.others[k]),
                int(self.together[k]),
                float(self.cosine[k]),
                float(self.lift[k]),
            )
            for k in span
        ]
        return tuple(sorted(pairs, key=lambda pair: (-pair.cosine, pair.other)))

    def matrix(self, figures: Vector) -> Any:
        """Figures of the pairs as a sparse matrix (SciPy CSR)."""
        from scipy.sparse import csr_array

        size = len(self.starts) - 1
        return csr_array((figures, self.others, self.starts), shape=(size, size))


def affinity(bought: Any, *, neighbours: int = 20, shrinkage: float = SHRINKAGE) -> Affinity:
    """Affinity of items from a sparse matrix customers × items; positive entries are "bought".

    >>> lines = np.array([(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (3, 1)])
    >>> many = Purchased(*lines.T, np.zeros(6, int), np.ones(6), 4, 3).matrix()
    >>> affinity(many, shrinkage=0).of(0)
    (Pair(item=0, other=1, together=2, cosine=0.8164965809277261, lift=1.3333333333333333),)
    """
    binary = (bought > 0).astype(np.float64).tocsr()
    customers, items = binary.shape
    held = np.asarray(binary.sum(axis=0), dtype=np.float64).ravel()
    pairs = (binary.T @ binary).tocoo()
    row, column, together = pairs.row, pairs.col, pairs.data
    apart = row != column
    row, column, together = row[apart], column[apart], together[apart]
    cosine = together / np.sqrt(held[row] * held[column]) * together / (together + shrinkage)
    order = np.lexsort((column, -cosine, row))
    row, column, together, cosine = row[order], column[order], together[order], cosine[order]
    first = np.searchsorted(row, np.arange(items))
    kept = np.arange(len(row)) - first[row] < neighbours
    row, column, together, cosine = row[kept], column[kept], together[kept], cosine[kept]
    lift = (together + shrinkage) / (held[row] * held[column] / max(customers, 1) + shrinkage)
    return Affinity(
        starts=np.searchsorted(row, np.arange(items + 1)).astype(np.int64),
        others=column.astype(np.int32),
        cosine=cosine,
        lift=lift,
        together=together.astype(np.int64),
    )


@dataclass(frozen=True, slots=True)
class Sequence:
    """One entry per pair: of the `began` customers who bought `item` for the first time early enough
    to be watched for the whole window, `followed` bought `other` for the first time within it.
    `share` = followed ÷ began, `lift` against the share of all who bought `other` so."""

    items: NDArray[np.int32]
    others: NDArray[np.int32]
    followed: NDArray[np.int64]
    began: NDArray[np.int64]
    share: Vector
    lift: Vector


def sequences(bought: Purchased, *, window_days: int, as_of: int, least: int = 3) -> Sequence:
    """What comes after what: first purchases of `other` within `window_days` after those of `item`.

    Pairs seen fewer than `least` times are left out; the same day isn't "after". By falling share.

    >>> lines = np.array([(0, 0, 0), (0, 1, 10), (1, 0, 5), (1, 1, 90), (2, 1, 0)])
    >>> found = sequences(Purchased(*lines.T, np.ones(5), 3, 2), window_days=30, as_of=200, least=1)
    >>> found.items, found.others, found.followed, found.began
    (array([0], dtype=int32), array([1], dtype=int32), array([1]), array([2]))
    """
    until = bought.between(-(2**31), as_of)
    order = np.lexsort((until.items, until.days, until.customers))
    key = until.customers[order].astype(np.int64) * bought.item_count + until.items[order]
    _, first = np.unique(key, return_index=True)
    rows = np.sort(order[first])
    rows = rows[np.lexsort((until.items[rows], until.days[rows], until.customers[rows]))]
    who, what = until.customers[rows].astype(np.int64), until.items[rows].astype(np.int64)
    when = until.days[rows].astype(np.int64)
    watched = when + window_days <= as_of
    began = np.bincount(what[watched], minlength=bought.item_count)
    reach = int(as_of - when.min(initial=as_of) + window_days + 2)
    line = who * reach + when - when.min(initial=as_of)  # customers lie further apart than windows
    begin = np.searchsorted(line, line, side="right")
    end = np.minimum(np.searchsorted(line, line + window_days, side="right"), begin + WIDE)
    pairs = np.zeros(0, dtype=np.int64)
    found, step = [], 200_000
    for low in range(0, len(rows), step):
        part = np.flatnonzero(watched[low : low + step]) + low
        counts = np.maximum(end[part] - begin[part], 0)
        earlier = np.repeat(part, counts)
        later = np.arange(len(earlier)) - np.repeat(np.cumsum(counts) - counts, counts)
        later += np.repeat(begin[part], counts)
        found.append(what[earlier] * bought.item_count + what[later])
    pairs = np.concatenate(found) if found else pairs
    distinct, followed = np.unique(pairs, return_counts=True)
    often = followed >= least
    item, other = np.divmod(distinct[often], max(bought.item_count, 1))
    followed = followed[often].astype(np.int64)
    share = followed / np.maximum(began[item], 1)
    everybody = max(int(watched.sum()), 1)
    usual = np.bincount(pairs % max(bought.item_count, 1), minlength=bought.item_count) / everybody
    lift = np.divide(share, usual[other], out=np.ones_like(share), where=usual[other] > 0)
    ranked = np.lexsort((other, item, -share))
    return Sequence(
        items=item[ranked].astype(np.int32),
        others=other[ranked].astype(np.int32),
        followed=followed[ranked],
        began=began[item][ranked].astype(np.int64),
        share=share[ranked],
        lift=lift[ranked],
    )
