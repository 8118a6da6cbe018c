"""The compiled kernel behind `local.find_occasions`. Importing this module imports numba.

Its three passes release the interpreter's lock and are run by threads: that compiles in a third of
the time of numba's own parallel loops.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from kezhi.value.compute.local import FRACTIONS, NEVER


def find_occasions(
    codes: NDArray[np.int32],
    days: NDArray[np.int32],
    amounts: NDArray[np.float64],
    step: int,
    customers: int,
    until: int,
    since: int,
    threads: int,
) -> tuple[Any, ...]:
    """Counting sort by customer, then each customer's few lines by day.

    `step` is 0 where there are no amounts (one zero stands for all), else 1; `since` is the first
    day there is.
    """
    codes, days = np.ascontiguousarray(codes), np.ascontiguousarray(days)
    amounts = np.ascontiguousarray(amounts)
    edges = np.linspace(0, len(codes), threads + 1).astype(np.int64)
    spans = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    places = np.zeros((threads, customers), dtype=np.int64)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda k: _count(codes, days, until, *spans[k], places[k]), range(threads)))
        sizes = places.sum(axis=0)
        starts = np.concatenate(([0], np.cumsum(sizes)))
        places = starts[:-1] + np.cumsum(places, axis=0) - places
        # Day and amount lie side by side: one line of the cache for each row written.
        lines = np.empty((int(starts[-1]), 2), dtype=np.int64)
        list(
            pool.map(
                lambda k: _scatter(codes, days, amounts, step, until, *spans[k], places[k], lines),
                range(threads),
            )
        )
        whole = np.zeros((3, customers), np.int64)
        small = np.zeros((4, customers), np.int32)
        small[:2] = NEVER
        by_day = np.zeros((threads, max(0, until - since + 1)), np.int64)
        by_gap = np.zeros_like(by_day)
        halves = np.searchsorted(starts, edges * (starts[-1] / max(1, len(codes))))
        halves[0], halves[-1] = 0, customers
        list(
            pool.map(
                lambda k: _fold(
                    starts,
                    lines,
                    halves[k],
                    halves[k + 1],
                    small,
                    whole,
                    by_day[k],
                    by_gap[k],
                    since,
                ),
                range(threads),
            )
        )
    return (*small, *whole, sizes.astype(np.int32), by_day.sum(axis=0), by_gap.sum(axis=0))


@njit(cache=True, nogil=True)
def _count(codes: Any, days: Any, until: int, low: int, high: int, places: Any) -> None:
    for i in range(low, high):
        if days[i] <= until:
            places[codes[i]] += 1


@njit(cache=True, nogil=True)
def _scatter(
    codes: Any,
    days: Any,
    amounts: Any,
    step: int,
    until: int,
    low: int,
    high: int,
    places: Any,
    lines: Any,
) -> None:
    for i in range(low, high):
        if days[i] <= until:
            at = places[codes[i]]
            places[codes[i]] = at + 1
            lines[at, 0] = days[i]
            lines[at, 1] = np.int64(np.rint(amounts[i * step] * FRACTIONS))


@njit(cache=True, nogil=True)
def _fold(
    starts: Any,
    lines: Any,
    begin: int,
    end: int,
    small: Any,
    whole: Any,
    by_day: Any,
    by_gap: Any,
    since: int,
) -> None:
    for c in range(begin, end):
        low, high = starts[c], starts[c + 1]
        bought = low  # purchases move to the front in the order of days, returns are only summed
        for i in range(low, high):
            day, amount = lines[i, 0], lines[i, 1]
            whole[1, c] += amount
            if amount < 0:
                whole[2, c] -= amount
                continue
            j = bought
            if bought - low < 64:  # insertion keeps the few lines of most customers in order
                while j > low and lines[j - 1, 0] > day:
                    lines[j, 0] = lines[j - 1, 0]
                    lines[j, 1] = lines[j - 1, 1]
                    j -= 1
            lines[j, 0] = day
            lines[j, 1] = amount
            bought += 1
        if bought == low:
            continue
        if bought - low > 64:
            order = np.argsort(lines[low:bought, 0])
            kept = lines[low:bought].copy()
            for k in range(len(order)):
                lines[low + k, 0] = kept[order[k], 0]
                lines[low + k, 1] = kept[order[k], 1]
        begins = lines[low, 0]
        small[0, c], small[1, c] = begins, lines[bought - 1, 0]
        at, before = low, begins
        while at < bought:
            day, spent = lines[at, 0], np.int64(0)
            while at < bought and lines[at, 0] == day:
                spent += lines[at, 1]
                at += 1
            small[2, c] += 1
            if day > begins:
                by_day[day - since] += 1
                by_gap[day - before] += 1
                before = day
                if spent > 0:
                    small[3, c] += 1
                    whole[0, c] += spent
