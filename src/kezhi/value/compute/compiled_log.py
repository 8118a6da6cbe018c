"""The compiled kernel for lines that come in the order of days. Importing this module imports numba.

Nothing is sorted or kept of the lines: each customer's figures so far lie side by side in half a line
of the processor's cache, and a day's spend stays open until that customer's next day comes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from kezhi.value.compute.local import FRACTIONS, LARGEST, NEVER

FIRST, LAST, COUNT, PAID_REPEATS = range(4)  # of 16 bits each, days counted from the first there is
LINES = 2  # of 32 bits, behind them
TOTAL, OPEN = 2, 3  # of 64 bits, behind that
BLOCK = 256  # lines whose customers fit into the nearest cache
LONGEST = 65_000
"""Days that a log may span."""


class OrderedLog:
    """Occasions of the customers `low` … `low` + `customers` − 1 from lines in the order of days.

    Each customer's lines must be in order, not all lines together. `since` is the first day there is,
    at most `LONGEST` days before `until`.
    """

    def __init__(self, customers: int, low: int, since: int, until: int) -> None:
        self._low, self._since, self._until = low, since, until
        self._figures = np.zeros((customers, 4), np.int64)
        # What is written once, or rarely: the spend of the first day, and returns.
        self._first = np.zeros(customers, np.int64)
        self._returned = np.zeros(customers, np.int64)
        self._by_day = np.zeros(max(0, until - since + 1), np.int64)
        self._by_gap = np.zeros_like(self._by_day)
        self._reach = 0.0

    def add(
        self,
        numbers: NDArray[Any],
        days: NDArray[np.int32],
        amounts: NDArray[np.float64],
        step: int,
    ) -> bool:
        """Take more lines in; False where they aren't in order, or no sound customers and amounts.

        `step` is 0 where there are no amounts (one zero stands for all), else 1.
        """
        self._reach += _follow(
            np.ascontiguousarray(numbers),
            self._low,
            np.ascontiguousarray(days),
            np.ascontiguousarray(amounts),
            step,
            self._since,
            self._until,
            self._figures,
            self._figures.view(np.int32),
            self._figures.view(np.uint16),
            self._first,
            self._returned,
            self._by_day,
            self._by_gap,
        )
        return self._reach < LARGEST

    def close(self, *, every: bool = False) -> tuple[NDArray[np.int64], tuple[Any, ...]]:
        """Customers who have lines (or all) in order, and their figures as `local.Occasions` has them."""
        seen = np.arange(len(self._figures))
        if not every:
            seen = seen[self._figures.view(np.int32)[:, LINES] > 0]
        whole = np.empty((3, len(seen)), np.int64)
        small = np.empty((5, len(seen)), np.int32)
        _close(
            seen,
            self._since,
            self._figures,
            self._figures.view(np.int32),
            self._figures.view(np.uint16),
            self._first,
            self._returned,
            small,
            whole,
        )
        found = (*small[:4], *whole, small[4], self._since, self._by_day, self._by_gap)
        return seen + self._low, found


@njit(cache=True, nogil=True)
def _follow(
    numbers: Any,
    low: int,
    days: Any,
    amounts: Any,
    step: int,
    since: int,
    until: int,
    wide: Any,
    lines: Any,
    small: Any,
    first: Any,
    returned: Any,
    by_day: Any,
    by_gap: Any,
) -> float:
    """Sum of the absolute amounts; infinite where a line is out of order or out of range."""
    reach, customers, fetched = 0.0, len(wide), np.int64(0)
    for begin in range(0, len(days), BLOCK):
        end = min(begin + BLOCK, len(days))
        # Each customer's figures lie somewhere else in memory. Asked for together they come together:
        # one by one, each line would wait for its own.
        for i in range(begin, end):
            c = numbers[i] - low
            if c < 0 or c >= customers:
                return np.inf
            fetched |= wide[c, OPEN]
        for i in range(begin, end):
            paid = amounts[i * step]
            reach += abs(paid)
            if days[i] < since or not abs(paid) < LARGEST:
                return np.inf
            if days[i] > until:
                continue
            day, c = days[i] - since, numbers[i] - low
            amount = np.int64(np.rint(paid * FRACTIONS))
            lines[c, LINES] += 1
            wide[c, TOTAL] += amount
            if amount < 0:
                returned[c] -= amount
                continue
            count, last, spent = small[c, COUNT], np.int64(small[c, LAST]), wide[c, OPEN]
            if count > 0 and day == last:
                wide[c, OPEN] = spent + amount
                continue
            if count == 0:
                small[c, FIRST] = day
            elif day < last:
                return np.inf
            else:
                if count == 1:
                    first[c] = spent
                elif spent > 0:
                    small[c, PAID_REPEATS] += 1
                by_day[day] += 1
                by_gap[day - last] += 1
            small[c, LAST] = day
            small[c, COUNT] = count + 1
            wide[c, OPEN] = amount
    # Nobody spends less than nothing on a day; it is asked so that the compiler fetches.
    return reach if fetched >= 0 else np.inf


@njit(cache=True, nogil=True)
def _close(
    seen: Any,
    since: int,
    wide: Any,
    lines: Any,
    days: Any,
    first: Any,
    returned: Any,
    small: Any,
    whole: Any,
) -> None:
    for k in range(len(seen)):
        c = seen[k]
        count, spent = days[c, COUNT], wide[c, OPEN]
        small[0, k] = since + np.int64(days[c, FIRST]) if count > 0 else NEVER
        small[1, k] = since + np.int64(days[c, LAST]) if count > 0 else NEVER
        small[2, k] = count
        small[3, k] = np.int64(days[c, PAID_REPEATS]) + (1 if count > 1 and spent > 0 else 0)
        small[4, k] = lines[c, LINES]
        # What was spent, without returns, on all days but the first.
        bought = wide[c, TOTAL] + returned[c]
        whole[0, k] = bought - first[c] if count > 1 else 0
        whole[1, k] = wide[c, TOTAL]
        whole[2, k] = returned[c]
