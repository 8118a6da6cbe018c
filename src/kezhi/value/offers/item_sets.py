"""Items that are bought together: all sets in at least a share of the baskets, exactly.

A basket is an order, or all that a customer bought; an item is in it or not. Few lines are searched
with bitmaps (Eclat, Zaki 2000), many by a compiled depth-first search; both find the same sets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MANY_LINES = 10_000
"""From here on the search is compiled."""

MOST_SETS = 5_000_000
MOST_LINES = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Baskets:
    """Who (which order or customer) has what: one line each, codes from 0. A line may stand there
    twice and counts once."""

    orders: NDArray[np.int32]
    items: NDArray[np.int32]
    order_count: int
    item_count: int


@dataclass(frozen=True, slots=True)
class ItemSets:
    """All frequent sets. `by_length[k]` holds the sets of k + 1 items, one a row, their items in
    rising `rank`; `counts[k]` in how many of `baskets` they are. `rank` orders items by falling
    count (then code), −1 for those that aren't frequent; `item_of` is its inverse."""

    baskets: int
    least: int
    by_length: tuple[NDArray[np.int32], ...]
    counts: tuple[NDArray[np.int64], ...]
    rank: NDArray[np.int32]
    item_of: NDArray[np.int32]

    def __len__(self) -> int:
        return sum(len(counts) for counts in self.counts)

    def as_dict(self) -> dict[tuple[int, ...], int]:
        """Item codes in rising order → count; for few sets."""
        found: dict[tuple[int, ...], int] = {}
        for sets, counts in zip(self.by_length, self.counts, strict=True):
            codes = np.sort(self.item_of[sets], axis=1)
            found.update(zip(map(tuple, codes.tolist()), counts.tolist(), strict=True))
        return found


class TooMany(ValueError):
    """The threshold is so low that the sets would fill the memory; the message says what to raise."""


def item_sets(
    baskets: Baskets,
    *,
    least_support: float,
    most_length: int = 5,
    most_sets: int = MOST_SETS,
) -> ItemSets:
    """All sets of up to `most_length` items in at least the share `least_support` of the baskets.

    Raises `TooMany` where there are more than `most_sets`.

    >>> lines = np.array([(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (2, 2)])
    >>> found = item_sets(Baskets(*lines.T, 3, 3), least_support=0.5)
    >>> found.as_dict()
    {(1,): 3, (0,): 2, (0, 1): 2}
    """
    if not 0 < least_support <= 1:
        raise ValueError(f"least_support is {least_support}: it is a share of the baskets")
    if most_length < 1:
        raise ValueError(f"most_length is {most_length}: a set has at least one item")
    if len(baskets.orders) > MOST_LINES:
        raise TooMany(f"more than {MOST_LINES:,} lines: split them by time")
    least = max(1, math.ceil(least_support * baskets.order_count - 1e-9))
    find = _compiled if len(baskets.orders) >= MANY_LINES else _by_bitmaps
    rank, item_of, members, lengths, counts, complete = find(baskets, least, most_length, most_sets)
    if not complete:
        raise TooMany(
            f"more than {most_sets:,} sets are in {least} baskets or more: "
            "raise the least support or lower the greatest length"
        )
    ends = np.cumsum(lengths)
    sets, own = [], []
    for length in range(1, int(lengths.max(initial=0)) + 1):
        chosen = np.flatnonzero(lengths == length)
        rows = members[(ends[chosen] - length)[:, None] + np.arange(length)]
        rows = np.sort(rows, axis=1)
        order = np.lexsort(rows.T[::-1])
        sets.append(rows[order])
        own.append(counts[chosen][order])
    return ItemSets(baskets.order_count, least, tuple(sets), tuple(own), rank, item_of)


def _ranked(counts: NDArray[np.int64], least: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    order = np.argsort(-counts, kind="stable")
    item_of = order[counts[order] >= least].astype(np.int32)
    rank = np.full(len(counts), -1, dtype=np.int32)
    rank[item_of] = np.arange(len(item_of), dtype=np.int32)
    return rank, item_of


Found = tuple[
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.int64],
    NDArray[np.int64],
    bool,
]


def _compiled(baskets: Baskets, least: int, most_length: int, most_sets: int) -> Found:
    from kezhi.value.compute import compiled_baskets as kernels

    orders = np.ascontiguousarray(baskets.orders, dtype=np.int32)
    items = np.ascontiguousarray(baskets.items, dtype=np.int32)
    # An item's lines bound its baskets, so that what can't be frequent isn't even gathered.
    lines = np.bincount(items, minlength=baskets.item_count)
    rank, item_of = _ranked(lines, least)
    starts, ranks = kernels.gather(orders, items, rank, baskets.order_count)
    counts = kernels.count_items(starts, ranks, len(item_of))
    if (counts != lines[item_of]).any():  # some lines stood there twice
        exact = np.zeros(baskets.item_count, dtype=np.int64)
        exact[item_of] = counts
        rank, item_of = _ranked(exact, least)
        starts, ranks = kernels.gather(orders, items, rank, baskets.order_count)
    members, lengths, found, complete = kernels.find_sets(
        starts, ranks, len(item_of), least, most_length, most_sets
    )
    return rank, item_of, members, lengths.astype(np.int64), found, bool(complete)


def _by_bitmaps(baskets: Baskets, least: int, most_length: int, most_sets: int) -> Found:
    """Eclat: a bit for each basket in whole numbers of any length, sets by intersection."""
    size = max(baskets.order_count, 1)
    keys = np.unique(baskets.items.astype(np.int64) * size + baskets.orders)
    items, orders = np.divmod(keys, size)
    counts = np.bincount(items, minlength=baskets.item_count).astype(np.int64)
    rank, item_of = _ranked(counts, least)
    starts = np.concatenate(([0], np.cumsum(counts)))
    bitmaps = []
    for item in item_of.tolist():
        present = np.zeros(baskets.order_count, dtype=np.bool_)
        present[orders[starts[item] : starts[item + 1]]] = True
        bitmaps.append(int.from_bytes(np.packbits(present).tobytes(), "big"))
    members: list[int] = []
    lengths: list[int] = []
    found: list[int] = []
    ahead: list[tuple[tuple[int, ...], list[tuple[int, int]]]] = [((), list(enumerate(bitmaps)))]
    while ahead:
        prefix, extensions = ahead.pop()
        for k, (item, bits) in enumerate(extensions):
            if len(found) >= most_sets:
                return rank, item_of, *_arrays(members, lengths, found), False
            own = (*prefix, item)
            members.extend(own)
            lengths.append(len(own))
            found.append(bits.bit_count())
            if len(own) < most_length:
                further = [
                    (other, both)
                    for other, more in extensions[k + 1 :]
                    if (both := bits & more).bit_count() >= least
                ]
                if further:
                    ahead.append((own, further))
    return rank, item_of, *_arrays(members, lengths, found), True


def _arrays(members: list[int], lengths: list[int], found: list[int]) -> Any:
    return (
        np.array(members, dtype=np.int32),
        np.array(lengths, dtype=np.int64),
        np.array(found, dtype=np.int64),
    )
