"""Kernels of the one-pass summary: compiled for many rows, in NumPy for few.

Many rows in the order of days are followed one by one, others are sorted by customer first. All give
the same numbers to the last digit: money is summed in whole ten-thousandths of the currency unit, so
that sums are exact and depend on neither the order of rows nor the threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from kezhi.value.compute.compiled_log import OrderedLog

FRACTIONS = 10_000
"""Money is counted in this fraction of the currency unit; finer amounts are rounded to it."""

LARGEST = 9e14
"""The largest sum of absolute amounts (in currency units) that stays exact."""

MANY_ROWS = 400_000
"""From here on compiling (a few seconds, once for a machine) and two threads pay off."""

NEVER = np.iinfo(np.int32).min
"""The day of a customer who never bought."""


@dataclass(frozen=True, slots=True)
class Occasions:
    """Per customer code: days are days since 1970-01-01, money is in `FRACTIONS`.

    A day with at least one line that isn't a return is one occasion; its spend is the sum of that
    day's lines that aren't returns. `total` and `returned` take all lines in.
    """

    first_day: NDArray[np.int32]
    last_day: NDArray[np.int32]
    count: NDArray[np.int32]
    paid_repeats: NDArray[np.int32]  # repeat occasions with a positive spend
    paid: NDArray[np.int64]  # and their spend
    total: NDArray[np.int64]
    returned: NDArray[np.int64]  # positive
    lines: NDArray[np.int32]
    since: int  # the first day there is
    repeats_by_day: NDArray[np.int64]  # repeat occasions of all customers, from `since` on
    repeats_by_gap: NDArray[np.int64]  # the same by days since the occasion before

    def of(self, chosen: NDArray[np.bool_]) -> Occasions:
        """The occasions of the chosen customers."""
        kept: dict[str, Any] = {
            name: own[chosen]
            for name in self.__slots__
            if isinstance(own := getattr(self, name), np.ndarray)
            and not name.startswith("repeats_by")
        }
        return replace(self, **kept)


def find_occasions(
    codes: NDArray[np.int32],
    days: NDArray[np.int32],
    amounts: NDArray[np.float64] | None,
    customers: int,
    until: int,
) -> Occasions:
    """Occasions of each customer code in 0 … customers − 1, from the lines until the day `until`.

    Raises OverflowError where amounts are too large to be summed exactly.
    """
    if amounts is None:
        amounts = np.zeros(1)
        step = 0
    else:
        step = 1
        reach = float(np.abs(amounts).sum()) if len(amounts) else 0.0
        if not reach < LARGEST:
            raise OverflowError(f"amounts add up to more than {LARGEST:.0e}: not exact any more")
    since = int(days.min()) if len(days) else until
    if len(codes) < MANY_ROWS:
        every = amounts if step else np.zeros(len(codes))
        return _in_numpy(codes, days, every, customers, until, since)
    log = ordered_log(customers, 0, since, until)
    if log is not None and log.add(codes, days, amounts, step):
        return Occasions(*log.close(every=True)[1])
    arrays: Any = _kernel()(codes, days, amounts, step, customers, until, since, _threads())
    fields: Any = (*arrays[:-2], since, *arrays[-2:])
    return Occasions(*fields)


def _threads() -> int:
    return max(1, min(8, len(os.sched_getaffinity(0))))


def _in_numpy(
    codes: NDArray[np.int32],
    days: NDArray[np.int32],
    amounts: NDArray[np.float64],
    customers: int,
    until: int,
    since: int,
) -> Occasions:
    within = days <= until
    codes, days = codes[within], days[within]
    fractions = np.rint(amounts[within] * FRACTIONS).astype(np.int64)
    lines = np.bincount(codes, minlength=customers).astype(np.int32)
    total, returned = np.zeros(customers, np.int64), np.zeros(customers, np.int64)
    np.add.at(total, codes, fractions)
    np.add.at(returned, codes, np.maximum(-fractions, 0))
    bought = fractions >= 0
    codes, days, fractions = codes[bought], days[bought], fractions[bought]
    order = np.lexsort((days, codes))
    codes, days, fractions = codes[order], days[order], fractions[order]
    opens = np.ones(len(codes), dtype=np.bool_)
    opens[1:] = (codes[1:] != codes[:-1]) | (days[1:] != days[:-1])
    starts = np.flatnonzero(opens)
    spent = np.add.reduceat(fractions, starts) if len(starts) else np.zeros(0, np.int64)
    codes, days = codes[starts], days[starts]
    count = np.bincount(codes, minlength=customers).astype(np.int32)
    ends = np.cumsum(count)
    some = np.flatnonzero(count)
    first, last = np.full(customers, NEVER, np.int32), np.full(customers, NEVER, np.int32)
    first[some], last[some] = days[(ends - count)[some]], days[ends[some] - 1]
    repeat = days > first[codes]
    paying = repeat & (spent > 0)
    paid = np.zeros(customers, np.int64)
    np.add.at(paid, codes[paying], spent[paying])
    paid_repeats = np.bincount(codes[paying], minlength=customers).astype(np.int32)
    span = max(0, until - since + 1)
    by_day = np.bincount(days[repeat] - since, minlength=span)
    by_gap = np.bincount(np.diff(days, prepend=days[:1])[repeat], minlength=span)
    whole = (first, last, count, paid_repeats, paid, total, returned, lines)
    return Occasions(*whole, since, by_day, by_gap)


_COMPILED: list[Callable[..., Any]] = []


def _kernel() -> Callable[..., Any]:
    """The compiled kernel; numba is imported when the first large table comes."""
    if not _COMPILED:
        from kezhi.value.compute import compiled

        _COMPILED.append(compiled.find_occasions)
    return _COMPILED[0]


def ordered_log(customers: int, low: int, since: int, until: int) -> OrderedLog | None:
    """What follows customers through lines in the order of days; compiled at its first use.

    None for more days than it can count.
    """
    from kezhi.value.compute.compiled_log import LONGEST, OrderedLog

    return None if until - since > LONGEST else OrderedLog(customers, low, since, until)
