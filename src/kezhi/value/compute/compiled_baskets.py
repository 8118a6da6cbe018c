"""The compiled kernels behind `offers.item_sets`. Importing this module imports numba.

Item sets by occurrence deliver (Uno, Kiyomi & Arimura 2004, LCM): depth first, each set keeps the places
where it occurs; what stands before them in the baskets are its extensions, counted in one pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def gather(
    orders: NDArray[np.int32], items: NDArray[np.int32], rank: NDArray[np.int32], baskets: int
) -> Any:
    """Baskets as (starts, ranks): each basket's ranks in rising order, each once.

    Items of rank −1 are left out.
    """
    starts = np.zeros(baskets + 1, np.int64)
    for k in range(len(orders)):
        if rank[items[k]] >= 0:
            starts[orders[k] + 1] += 1
    for b in range(baskets):
        starts[b + 1] += starts[b]
    place = starts[:-1].copy()
    ranks = np.empty(starts[baskets], np.int32)
    for k in range(len(orders)):
        own = rank[items[k]]
        if own >= 0:
            ranks[place[orders[k]]] = own
            place[orders[k]] += 1
    kept = 0
    for b in range(baskets):
        low, high = starts[b], starts[b + 1]
        basket = np.sort(ranks[low:high])
        starts[b] = kept
        for k in range(len(basket)):
            if k == 0 or basket[k] != basket[k - 1]:
                ranks[kept] = basket[k]
                kept += 1
    starts[baskets] = kept
    return starts, ranks[:kept].copy()


@njit(cache=True, nogil=True)
def count_items(starts: NDArray[np.int64], ranks: NDArray[np.int32], items: int) -> Any:
    """In how many baskets each item is."""
    counts = np.zeros(items, np.int64)
    for k in range(len(ranks)):
        counts[ranks[k]] += 1
    return counts


@njit(cache=True, nogil=True)
def find_sets(
    starts: NDArray[np.int64],
    ranks: NDArray[np.int32],
    items: int,
    least: int,
    most_length: int,
    most_sets: int,
) -> Any:
    """All sets in at least `least` baskets: (members one after another, lengths, counts, complete).

    Members fall in rank. It stops, incomplete, at `most_sets`.
    """
    members = np.empty(1024, np.int32)
    lengths = np.empty(256, np.int32)
    counts = np.empty(256, np.int64)
    used, found = 0, 0
    depth_of = max(most_length, 1)
    lows = [np.empty(0, np.int32) for _ in range(depth_of)]
    places = [np.empty(0, np.int32) for _ in range(depth_of)]
    extensions = [np.empty(0, np.int32) for _ in range(depth_of)]
    bounds = [np.empty(0, np.int64) for _ in range(depth_of)]
    cursor = np.zeros(depth_of, np.int64)
    prefix = np.zeros(depth_of, np.int32)
    tally = np.zeros(items, np.int64)
    put = np.full(items, -1, np.int64)
    touched = np.empty(items, np.int32)

    for k in range(len(ranks)):
        tally[ranks[k]] += 1
    offsets = np.zeros(items + 1, np.int64)
    for i in range(items):
        offsets[i + 1] = offsets[i] + tally[i]
        put[i] = offsets[i]
        tally[i] = 0
    low, place = np.empty(len(ranks), np.int32), np.empty(len(ranks), np.int32)
    for b in range(len(starts) - 1):
        for k in range(starts[b], starts[b + 1]):
            at = put[ranks[k]]
            put[ranks[k]] = at + 1
            low[at] = starts[b]
            place[at] = k
    put[:] = -1
    lows[0], places[0], bounds[0] = low, place, offsets
    extensions[0] = np.arange(items).astype(np.int32)
    depth = 0
    while depth >= 0:
        if cursor[depth] == len(extensions[depth]):
            depth -= 1
            continue
        e = cursor[depth]
        cursor[depth] = e + 1
        prefix[depth] = extensions[depth][e]
        begin, end = bounds[depth][e], bounds[depth][e + 1]
        if end - begin < least:  # only on the first level
            continue
        if found >= most_sets:
            return members[:used], lengths[:found], counts[:found], False
        if used + depth + 1 > len(members):
            members = np.concatenate((members, np.empty(len(members), np.int32)))
        if found == len(lengths):
            lengths = np.concatenate((lengths, np.empty(found, np.int32)))
            counts = np.concatenate((counts, np.empty(found, np.int64)))
        members[used : used + depth + 1] = prefix[: depth + 1]
        used += depth + 1
        lengths[found], counts[found] = depth + 1, end - begin
        found += 1
        if depth + 1 >= most_length:
            continue
        low, place = lows[depth], places[depth]
        many = 0
        for o in range(begin, end):
            for k in range(low[o], place[o]):
                item = ranks[k]
                if tally[item] == 0:
                    touched[many] = item
                    many += 1
                tally[item] += 1
        frequent = 0
        for t in range(many):
            if tally[touched[t]] >= least:
                frequent += 1
        if frequent == 0:
            for t in range(many):
                tally[touched[t]] = 0
            continue
        own = np.empty(frequent, np.int32)
        at = 0
        for t in range(many):
            if tally[touched[t]] >= least:
                own[at] = touched[t]
                at += 1
            else:
                tally[touched[t]] = 0
        own.sort()
        if depth + 2 >= most_length:  # the sets of the greatest length need no places
            for t in range(frequent):
                if found >= most_sets:
                    return members[:used], lengths[:found], counts[:found], False
                if used + depth + 2 > len(members):
                    members = np.concatenate((members, np.empty(len(members), np.int32)))
                if found == len(lengths):
                    lengths = np.concatenate((lengths, np.empty(found, np.int32)))
                    counts = np.concatenate((counts, np.empty(found, np.int64)))
                members[used : used + depth + 1] = prefix[: depth + 1]
                members[used + depth + 1] = own[t]
                used += depth + 2
                lengths[found], counts[found] = depth + 2, tally[own[t]]
                tally[own[t]] = 0
                found += 1
            continue
        bound = np.zeros(frequent + 1, np.int64)
        for t in range(frequent):
            bound[t + 1] = bound[t] + tally[own[t]]
            put[own[t]] = bound[t]
            tally[own[t]] = 0
        new_low = np.empty(bound[frequent], np.int32)
        new_place = np.empty(bound[frequent], np.int32)
        for o in range(begin, end):
            for k in range(low[o], place[o]):
                at = put[ranks[k]]
                if at >= 0:
                    put[ranks[k]] = at + 1
                    new_low[at] = low[o]
                    new_place[at] = k
        for t in range(frequent):
            put[own[t]] = -1
        depth += 1
        lows[depth], places[depth], bounds[depth] = new_low, new_place, bound
        extensions[depth], cursor[depth] = own, 0
    return members[:used], lengths[:found], counts[:found], True
