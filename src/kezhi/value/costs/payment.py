"""What late payment costs: the capital tied up from the due day until the money came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.durations import DAYS_PER_YEAR
from kezhi.value.sums import sum_by

Vector = NDArray[np.float64]

ON_TIME_DAYS = 0.0


@dataclass(frozen=True, slots=True)
class PaymentBehaviour:
    """Per customer. `cost` is Σ amount × days late × capital rate; `mean_days_late` is weighted by
    amount (days early count 0), `share_on_time` by amount, both NaN where nothing was due;
    `overdue` is what is due and unpaid on the day asked."""

    cost: Vector
    mean_days_late: Vector
    share_on_time: Vector
    overdue: Vector


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
    What falls due after `as_of` is left out; what was paid after it counts as open. Credit notes
    (negative amounts) tie up nothing and are left out. Simple interest, `capital_rate` a year.

    >>> found = payment_behaviour([0, 0, 1], [0, 0, 100], [73.05, 0, np.nan], [500, 500, 100],
    ...     capital_rate=0.1, as_of=200, customers=2)
    >>> found.cost.round(2), found.mean_days_late.round(2), found.share_on_time, found.overdue
    (array([10.  ,  2.74]), array([ 36.52, 100.  ]), array([0.5, 0. ]), array([  0., 100.]))
    """
    who = np.asarray(codes, dtype=np.int64)
    due_day = np.asarray(due, dtype=np.float64)
    paid_day = np.asarray(paid, dtype=np.float64)
    money = np.asarray(amounts, dtype=np.float64)
    counts = (due_day <= as_of) & (money > 0)
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
    )
