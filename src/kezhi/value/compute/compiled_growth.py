"""The compiled kernel behind `kezhi.value.growth_matrix`. Importing this module imports numba."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def follow(
    group: Any, day: Any, bought: Any, order: Any, groups: int, gap: int, never: int
) -> tuple[Any, Any]:
    """Per line, of its group's purchases: the day on which the row without a longer gap began that the last
    one up to its day belongs to, and the last day before its own; `never` where there is none.

    `order` are the lines in the order of days.
    """
    began = np.full(len(day), never, np.int64)
    before = np.full(len(day), never, np.int64)
    last = np.full(groups, never, np.int64)
    begins = np.full(groups, never, np.int64)
    low = 0
    while low < len(order):
        today = day[order[low]]
        high = low
        while high < len(order) and day[order[high]] == today:
            before[order[high]] = last[group[order[high]]]
            high += 1
        for k in range(low, high):
            line = order[k]
            if bought[line]:
                who = group[line]
                if last[who] == never or today - last[who] > gap:
                    begins[who] = today
                last[who] = today
        for k in range(low, high):
            began[order[k]] = begins[group[order[k]]]
        low = high
    return began, before
