"""What late payment costs: the capital tied up from the due day until the money came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.durations import DAYS_PER_YEAR
from kezhi.value.realised import Lines
from kezhi.value.sums import sum_by

Vector = NDArray[np.float64]

ON_TIME_DAYS = 0.0
AT_ONCE = 4_000_000
"""Months of late amounts that are worked out at once."""


@dataclass(frozen=True, slots=True)
class PaymentBehaviour:
    """Per customer. `cost` is Σ amount × days late × capital rate; `mean_days_late` is weighted by
    amount (days early count 0), `share_on_time` by amount, both NaN where nothing was due;
    `overdue` is what is due and unpaid on the day asked. `invoices` fell due, `late` of them were
    paid late or are, `open` are unpaid."""

    cost: Vector
    mean_days_late: Vector
    share_on_time: Vector
    overdue: Vector
    invoices: NDArray[np.int64]
    late: NDArray[np.int64]
    open: NDArray[np.int64]


def payment_behaviour(
    codes: ArrayLike,
    due: ArrayLike,
    paid: ArrayLike,
    amounts: ArrayLike,
    *,
    capital_rate: float,
    as_of: int,
    customers: int,
) -> PaymentBehaviour:
    """Payment behaviour from invoices or instalments: customer, day due, day paid, amount.

    Days are days since 1970-01-01; `paid` is NaN for what is open, which is late since its due day.
    What falls due after `as_of` is left out, and what falls due on it and is open: it isn't late yet.
    What was paid after it counts as open. Credit notes (negative amounts) tie up nothing and are left
    out. Simple interest, `capital_rate` a year.

    >>> found = payment_behaviour([0, 0, 1], [0, 0, 100], [73.05, 0, np.nan], [500, 500, 100],
    ...     capital_rate=0.1, as_of=200, customers=2)
    >>> found.cost.round(2), found.mean_days_late.round(2), found.share_on_time, found.overdue
    (array([10.  ,  2.74]), array([ 36.52, 100.  ]), array([0.5, 0. ]), array([  0., 100.]))
    """
    who = np.asarray(codes, dtype=np.int64)
    due_day = np.asarray(due, dtype=np.float64)
    paid_day = np.asarray(paid, dtype=np.float64)
    money = np.asarray(amounts, dtype=np.float64)
    counts = (money > 0) & ((due_day < as_of) | ((due_day == as_of) & (paid_day <= as_of)))
    who, due_day, paid_day, money = who[counts], due_day[counts], paid_day[counts], money[counts]
    is_open = ~(paid_day <= as_of)
    late = np.maximum(np.where(is_open, as_of, paid_day) - due_day, 0.0)
    whole = sum_by(who, money, customers)
    by_days = sum_by(who, money * late, customers)
    prompt = sum_by(who, np.where((late <= ON_TIME_DAYS) & ~is_open, money, 0.0), customers)
    unknown = np.full(customers, np.nan)
    return PaymentBehaviour(
        cost=by_days * capital_rate / DAYS_PER_YEAR,
        mean_days_late=np.divide(by_days, whole, out=unknown.copy(), where=whole > 0),
        share_on_time=np.divide(prompt, whole, out=unknown, where=whole > 0),
        overdue=sum_by(who, np.where(is_open, money, 0.0), customers),
        invoices=np.bincount(who, minlength=customers),
        late=np.bincount(who[late > ON_TIME_DAYS], minlength=customers),
        open=np.bincount(who[is_open], minlength=customers),
    )


def late_payment_costs(
    codes: ArrayLike,
    due: ArrayLike,
    paid: ArrayLike,
    amounts: ArrayLike,
    *,
    rates: Sequence[tuple[int, float]],
    as_of: int,
) -> Lines:
    """What late payment cost, dated: a line for each customer and month in which an amount was late.

    Arguments are those of `payment_behaviour`; `rates` are (day from which it holds, rate a year), and
    each day late costs at the rate of that day, nothing before the first. A line is dated on the last
    day of its month, or on `as_of`: so the lines until any month's end are what was known by then.

    >>> found = late_payment_costs([0, 0], [10, 20], [50, np.nan], [36525, 36525],
    ...     rates=[(0, 0.01)], as_of=60)
    >>> found.codes, found.days, found.amounts.round(2)
    (array([0, 0, 0], dtype=int32), array([30, 58, 60], dtype=int32), array([30., 48.,  2.]))
    """
    due_day = np.asarray(due, dtype=np.float64)
    end = np.minimum(np.nan_to_num(np.asarray(paid, dtype=np.float64), nan=as_of), as_of)
    money = np.asarray(amounts, dtype=np.float64)
    late = np.flatnonzero((end > due_day) & (money > 0))
    who = np.asarray(codes, dtype=np.int64)[late]
    late = late[np.argsort(who, kind="stable")]
    who, money = np.asarray(codes, dtype=np.int64)[late], money[late]
    # The days that count: after the due day until the day of payment.
    before, last = due_day[late].astype(np.int64), end[late].astype(np.int64)
    pieces = _month(last) - _month(before + 1) + 1
    blocks = [
        _late_months(who[own], money[own], before[own], last[own], pieces[own], rates, as_of)
        for own in _blocks(who, pieces)
    ]
    return Lines(
        np.concatenate([block.codes for block in blocks] or [np.zeros(0, np.int32)]),
        np.concatenate([block.days for block in blocks] or [np.zeros(0, np.int32)]),
        np.concatenate([block.amounts for block in blocks] or [np.zeros(0)]),
    )


def _blocks(who: NDArray[np.int64], pieces: NDArray[np.int64]) -> Iterator[slice]:
    """Whole customers, so many that their pieces fit into memory at once."""
    starts = np.flatnonzero(np.diff(who, prepend=-1))
    before = np.concatenate(([0], np.cumsum(pieces)))[starts]
    ends = np.append(starts[1:], len(who))
    block = before // AT_ONCE
    for number in np.unique(block):
        own = np.flatnonzero(block == number)
        yield slice(int(starts[own[0]]), int(ends[own[-1]]))


def _late_months(
    who: NDArray[np.int64],
    money: Vector,
    before: NDArray[np.int64],
    last: NDArray[np.int64],
    pieces: NDArray[np.int64],
    rates: Sequence[tuple[int, float]],
    as_of: int,
) -> Lines:
    piece_of = np.repeat(np.arange(len(who)), pieces)
    step = np.arange(len(piece_of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    month = _month(before + 1)[piece_of] + step
    upto = _accrued(np.minimum(last[piece_of], _first_day(month + 1) - 1), rates)
    since = _accrued(np.maximum(before[piece_of], _first_day(month) - 1), rates)
    earliest = int(month.min())
    span = int(month.max()) - earliest + 1
    pairs, place = np.unique(who[piece_of] * span + month - earliest, return_inverse=True)
    cost = sum_by(place, money[piece_of] * (upto - since), len(pairs))
    pairs, cost = pairs[cost > 0], cost[cost > 0]
    day = np.minimum(_first_day(pairs % span + earliest + 1) - 1, as_of)
    return Lines((pairs // span).astype(np.int32), day.astype(np.int32), cost)


def _month(days: NDArray[np.int64]) -> NDArray[np.int64]:
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    return np.asarray(months.astype(np.int64))


def _first_day(months: NDArray[np.int64]) -> NDArray[np.int64]:
    days = months.astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray(days.astype(np.int64))


def _accrued(days: NDArray[np.int64], rates: Sequence[tuple[int, float]]) -> Vector:
    """What one unit of money costs from the first rate until these days, each day included."""
    found = np.zeros(len(days))
    held = sorted(rates)
    ends = [since - 1 for since, _rate in held[1:]]
    for place, (since, rate) in enumerate(held):
        until = np.minimum(days, ends[place]) if place < len(ends) else days
        found += np.maximum(until - (since - 1), 0) * (rate / DAYS_PER_YEAR)
    return found
