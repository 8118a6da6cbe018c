"""Customers about to be lost: overdue against their own rhythm, spending less, value at risk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

TREND_DAYS = 365
TREND_LEAST_DAYS = 180


def overdue_ratio(days_since_last: Vector, mean_interval_days: Vector) -> Vector:
    """Days since the last purchase in mean intervals of the customer; NaN without a rhythm.

    >>> overdue_ratio(np.array([60.0, 60.0]), np.array([30.0, np.nan]))
    array([ 2., nan])
    """
    ratio = np.full(len(days_since_last), np.nan)
    known = mean_interval_days > 0
    np.divide(days_since_last, mean_interval_days, out=ratio, where=known)
    return ratio


def trend_of_spend(
    codes: NDArray[np.int32],
    days: NDArray[np.int32],
    amounts: Vector,
    first_day: NDArray[np.int32],
    *,
    as_of: int,
) -> Vector:
    """How spending lately compares with before, from −1 (stopped) to 1 (began): (l − b)/(l + b).

    `l` is the amount of the last 365 days, `b` of the 365 before; a customer younger than two years
    is measured over two halves of the time since the first purchase, one younger than half a year
    (or without money in either half) isn't measured: NaN.

    >>> trend_of_spend(np.array([0, 0]), np.array([100, 900]), np.array([50.0, 150.0]),
    ...     np.array([100]), as_of=1000)
    array([1.])
    """
    customers = len(first_day)
    age = (as_of - first_day.astype(np.int64)).astype(np.float64) + 1
    window = np.minimum(age / 2, TREND_DAYS)
    back = as_of - days.astype(np.float64)
    own = window[codes]
    lately = (back < own) & (back >= 0)
    before = (back >= own) & (back < 2 * own)
    late = np.bincount(codes[lately], amounts[lately], minlength=customers)
    early = np.bincount(codes[before], amounts[before], minlength=customers)
    late, early = np.maximum(late, 0.0), np.maximum(early, 0.0)
    trend = np.full(customers, np.nan)
    known = (age >= TREND_LEAST_DAYS) & (late + early > 0)
    np.divide(late - early, late + early, out=trend, where=known)
    return trend


def value_at_risk(continuation: Vector, p_purchase: Vector) -> Vector:
    """Continuation value that is lost if the customer doesn't buy again within the year.

    >>> value_at_risk(np.array([100.0, -5.0]), np.array([0.7, 0.5]))
    array([30.,  0.])
    """
    return np.asarray(np.maximum(continuation, 0.0) * (1 - p_purchase))
