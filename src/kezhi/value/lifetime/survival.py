"""Survival of customers: Kaplan & Meier (1958) with Greenwood's standard errors, and hazards.

    S(t) = Π (1 − d_k/n_k),  Var S = S² Σ d_k / (n_k (n_k − d_k)),

n_k at risk and d_k lost at time t_k. Intervals are on the log(−log S) scale, so that they stay within
0 and 1. The hazard of a time is d/n, of a period the share lost among those who began it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Survival:
    """One entry per distinct time at which anybody was lost, in the unit of the durations."""

    times: Vector
    at_risk: Vector
    lost: Vector
    survival: Vector
    standard_error: Vector
    low: Vector
    high: Vector
    level: float
    longest: float

    def at(self, times: ArrayLike) -> Vector:
        """S at times; NaN beyond the longest duration observed."""
        wanted = np.asarray(times, dtype=np.float64)
        steps = np.concatenate(([1.0], self.survival))
        found = steps[np.searchsorted(self.times, wanted, side="right")]
        return np.where(wanted <= self.longest, found, np.nan)

    @property
    def median(self) -> float | None:
        """The first time at which half or fewer are left; None while more are."""
        below = np.flatnonzero(self.survival <= 0.5 + 1e-12)
        return float(self.times[below[0]]) if len(below) else None

    def restricted_mean(self, until: float) -> float:
        """Mean time as a customer within the time `until`: the area under the curve."""
        if until > self.longest:
            raise ValueError(f"nobody was observed for longer than {self.longest:g}")
        inside = self.times < until
        edges = np.concatenate(([0.0], self.times[inside], [until]))
        heights = np.concatenate(([1.0], self.survival[inside]))
        return float((heights * np.diff(edges)).sum())


def kaplan_meier(
    durations: ArrayLike,
    is_lost: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = 0.8,
) -> Survival:
    """Survival from durations, lost at their end or still customers (censored).

    `entry` is the time since which a customer was observed (late entry); `weights` count customers.

    >>> found = kaplan_meier([1, 2, 2, 3, 5], [True, True, False, True, False])
    >>> found.times, found.survival.round(3), found.standard_error.round(3), found.median
    (array([1., 2., 3.]), array([0.8, 0.6, 0.3]), array([0.179, 0.219, 0.239]), 3.0)
    """
    time = np.asarray(durations, dtype=np.float64)
    lost = np.asarray(is_lost, dtype=np.bool_)
    since = np.zeros(len(time)) if entry is None else np.asarray(entry, dtype=np.float64)
    weight = np.ones(len(time)) if weights is None else np.asarray(weights, dtype=np.float64)
    if not len(time) == len(lost) == len(since) == len(weight):
        raise ValueError("durations, is_lost, entry and weights must have the same length")
    if not (np.isfinite(time).all() and (time >= 0).all() and (since <= time).all()):
        raise ValueError("durations must be at least 0, and not before the entry")
    if not (np.isfinite(weight).all() and (weight > 0).all()):
        raise ValueError("weights must be positive")
    times, index = np.unique(time[lost], return_inverse=True)
    gone = np.bincount(index, weight[lost], minlength=len(times)).astype(np.float64)
    at_risk = _weight_from(time, weight, times) - _weight_from(since, weight, times, entered=True)
    survival: Vector = np.cumprod(1 - gone / at_risk, dtype=np.float64)
    left = at_risk - gone
    terms = np.divide(gone, at_risk * left, out=np.full(len(times), np.inf), where=left > 1e-12)
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.sqrt(np.cumsum(terms))
        error = np.where(survival > 0, survival * relative, 0.0)
        spread = float(ndtri((1 + level) / 2)) * relative / np.abs(np.log(survival))
        inner = (survival > 0) & (survival < 1)
        low = np.where(inner, survival ** np.exp(spread), np.where(survival >= 1, 1.0, 0.0))
        high = np.where(inner, survival ** np.exp(-spread), np.where(survival >= 1, 1.0, 0.0))
    longest = float(time.max(initial=0.0))
    return Survival(times, at_risk, gone, survival, error, low, high, level, longest)


def _weight_from(at: Vector, weight: Vector, times: Vector, *, entered: bool = False) -> Vector:
    """Weight of those with `at` ≥ each time (still there just before it); `entered`: those who had
    not been observed yet, at ≥ time, except from the very beginning."""
    order = np.argsort(at, kind="stable")
    total = np.concatenate(([0.0], np.cumsum(weight[order])))
    before = np.searchsorted(at[order], times, side="left")
    beyond = total[-1] - total[before]
    if entered:
        from_the_beginning = float(weight[at == 0].sum())
        beyond = np.where(times <= 0, beyond - from_the_beginning, beyond)
    return np.asarray(beyond)


@dataclass(frozen=True, slots=True)
class Hazard:
    """Per period of equal length from the first: who began it under observation, who was lost in it.

    `rate` is lost ÷ began (those who left observation within the period count half), with its
    standard error; NaN where nobody began.
    """

    period: float
    began: Vector
    lost: Vector
    rate: Vector
    standard_error: Vector

    @property
    def survival(self) -> Vector:
        """Share left at the end of each period (the actuarial life table)."""
        return np.asarray(np.cumprod(1 - np.nan_to_num(self.rate)))


def hazard_by_period(
    durations: ArrayLike, is_lost: ArrayLike, *, period: float, periods: int
) -> Hazard:
    """Hazards of periods [0, p), [p, 2p), …

    >>> found = hazard_by_period([1, 2, 5, 8, 20], [True, True, True, False, False], period=6, periods=2)
    >>> found.began, found.lost, found.rate.round(2)
    (array([5., 2.]), array([3., 0.]), array([0.6, 0. ]))
    """
    if not (period > 0 and periods >= 1):
        raise ValueError("periods must have a length, and there must be one")
    time = np.asarray(durations, dtype=np.float64)
    gone = np.asarray(is_lost, dtype=np.bool_)
    which = np.floor(time / period).astype(np.int64)
    last = np.minimum(which, periods)
    leaving = np.bincount(last, minlength=periods + 1)[:periods].astype(np.float64)
    lost = np.bincount(last[gone], minlength=periods + 1)[:periods].astype(np.float64)
    began = len(time) - np.concatenate(([0.0], np.cumsum(leaving)))[:periods]
    exposed = began - (leaving - lost) / 2
    unknown = np.full(periods, np.nan)
    rate = np.divide(lost, exposed, out=unknown.copy(), where=exposed > 0)
    error = np.divide(rate * (1 - rate), exposed, out=unknown, where=exposed > 0)
    return Hazard(period, began, lost, rate, np.sqrt(np.maximum(error, 0.0)))


def lifetimes_by_silence(
    first_day: ArrayLike, last_day: ArrayLike, *, as_of: int, silent_days: float
) -> tuple[Vector, NDArray[np.bool_]]:
    """Durations in days and who is lost, where nobody gives notice: by a rule of silence.

    Who hasn't bought for longer than `silent_days` counts as lost on the last purchase, everybody else
    as a customer until `as_of`.

    >>> lifetimes_by_silence([0, 0], [100, 350], as_of=400, silent_days=90)
    (array([100., 400.]), array([ True, False]))
    """
    first = np.asarray(first_day, dtype=np.float64)
    last = np.asarray(last_day, dtype=np.float64)
    lost = as_of - last > silent_days
    return np.where(lost, last, float(as_of)) - first, np.asarray(lost)
