"""Personal rhythm: when a customer buys next, from own intervals shrunk to everybody's.

Logs of the days between purchase occasions are normal: a customer's mean around everybody's mean
(variance τ²), own intervals around the own mean (variance σ², itself shrunk: a scaled inverse χ² prior
whose strength is estimated from how much the variances differ; Smyth 2004). The next interval then is
Student's t in logs. What has already passed since the last purchase is known to be too short.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import polygamma, psi, stdtr, stdtrit

from kezhi.value.potential.fitting import CannotFit
from kezhi.value.sums import sum_by

Vector = NDArray[np.float64]

LEAST = 5
"""Customers with an interval, below which there is no rhythm of everybody to shrink to."""
MOST_STRENGTH = 1e6


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Everybody's rhythm: logs of days. `strength` are the degrees of freedom of the variance σ²."""

    mean: float
    between: float
    within: float
    strength: float
    customers: int
    intervals: int


@dataclass(frozen=True, slots=True)
class NextPurchase:
    """Per customer, days since 1970-01-01 (fractions are kept), all given that there will be one.

    `usual_days` is the own rhythm (median interval) after shrinking, `weight` how much of it is the
    customer's own. `expected_on` is the median, `low` … `high` the interval at `level`; `overdue` is
    the probability that the next purchase should have come by now.
    """

    usual_days: Vector
    weight: Vector
    low: Vector
    expected_on: Vector
    high: Vector
    overdue: Vector
    level: float


def occasions_of(codes: ArrayLike, days: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Purchase occasions, each customer's day once, by customer and day."""
    who, when = np.asarray(codes, np.int64), np.asarray(days, np.int64)
    since = int(when.min(initial=0))
    span = int(when.max(initial=0)) - since + 1
    pairs = np.unique(who * span + (when - since))
    return pairs // span, pairs % span + since


def intervals_between(codes: ArrayLike, days: ArrayLike) -> NDArray[np.int64]:
    """The days between the purchase occasions of each customer, of all customers together.

    >>> intervals_between([0, 0, 0, 1], [5, 12, 12, 7]).tolist()
    [7]
    """
    who, when = occasions_of(codes, days)
    return np.asarray((when[1:] - when[:-1])[who[1:] == who[:-1]])


def fit_rhythm(codes: ArrayLike, days: ArrayLike, *, customers: int) -> Rhythm:
    """Everybody's rhythm from purchases by customer code and day; same days are one occasion.

    Raises CannotFit with fewer than five customers who bought on two days.

    >>> rhythm = fit_rhythm(np.repeat(np.arange(20), 4), np.tile([0, 30, 58, 90], 20), customers=20)
    >>> round(float(np.exp(rhythm.mean)), 1)
    30.0
    """
    who, logs = _intervals(codes, days)
    count, mean, squares = _moments(who, logs, customers)
    some = count > 0
    if some.sum() < LEAST:
        raise CannotFit(
            f"{int(some.sum())} customers bought on two days: at least {LEAST} are needed"
        )
    freedom = np.maximum(count - 1, 0)
    pooled = float(freedom.sum())
    within = float(squares.sum()) / pooled if pooled > 0 else 0.25
    within = max(within, 1e-6)
    between, centre = _between(count[some], mean[some], within)
    return Rhythm(
        mean=centre,
        between=between,
        within=within,
        strength=_strength(squares, freedom),
        customers=int(some.sum()),
        intervals=len(logs),
    )


def next_purchase(
    rhythm: Rhythm,
    codes: ArrayLike,
    days: ArrayLike,
    *,
    customers: int,
    as_of: int,
    level: float = 0.8,
) -> NextPurchase:
    """When each customer buys next; NaN for who never bought.

    >>> codes, days = np.repeat(np.arange(20), 4), np.tile([0, 30, 58, 90], 20)
    >>> rhythm = fit_rhythm(codes, days, customers=20)
    >>> found = next_purchase(rhythm, codes, days, customers=20, as_of=95)
    >>> bool(found.low[0] < found.expected_on[0] < found.high[0]), round(found.expected_on[0] - 90)
    (True, 30)
    """
    who, logs = _intervals(codes, days)
    count, mean, squares = _moments(who, logs, customers)
    last = np.full(customers, np.nan)
    buyers, dates = occasions_of(codes, days)
    last[buyers] = dates  # in the order of days: the last one stays
    freedom = rhythm.strength + np.maximum(count - 1, 0)
    variance = (rhythm.strength * rhythm.within + squares) / freedom
    precision = count / variance + 1 / max(rhythm.between, 1e-9)
    weight = (count / variance) / precision
    centre = weight * np.where(count > 0, mean, 0.0) + (1 - weight) * rhythm.mean
    scale = np.sqrt(variance + 1 / precision)
    elapsed = np.maximum(as_of - last, 0.0)
    with np.errstate(divide="ignore"):
        passed = stdtr(freedom, (np.log(elapsed) - centre) / scale)
    passed = np.where(elapsed > 0, passed, 0.0)

    def quantile(p: float) -> Vector:
        # Of intervals longer than what has passed; far out the rest is too thin to be resolved.
        tail = np.clip((1 - passed) * (1 - p), 1e-15, 1.0)
        return np.asarray(last + np.exp(centre - scale * stdtrit(freedom, tail)))

    floor = np.asarray(last + elapsed)
    return NextPurchase(
        usual_days=np.where(np.isnan(last), np.nan, np.exp(centre)),
        weight=np.where(np.isnan(last), np.nan, weight),
        low=np.maximum(quantile((1 - level) / 2), floor),
        expected_on=np.maximum(quantile(0.5), floor),
        high=np.maximum(quantile((1 + level) / 2), floor),
        overdue=np.where(np.isnan(last), np.nan, passed),
        level=level,
    )


def _intervals(codes: ArrayLike, days: ArrayLike) -> tuple[NDArray[np.int64], Vector]:
    who, when = occasions_of(codes, days)
    same = who[1:] == who[:-1]
    return who[1:][same], np.log((when[1:] - when[:-1])[same].astype(np.float64))


def _moments(who: NDArray[np.int64], logs: Vector, customers: int) -> tuple[Vector, Vector, Vector]:
    """Per customer: number of intervals, their mean log, squares around it."""
    count = np.bincount(who, minlength=customers).astype(np.float64)
    mean = np.divide(sum_by(who, logs, customers), count, out=np.zeros(customers), where=count > 0)
    squares = sum_by(who, (logs - mean[who]) ** 2, customers)
    return count, mean, squares


def _between(count: Vector, mean: Vector, within: float) -> tuple[float, float]:
    """τ² and everybody's mean (DerSimonian & Laird 1986)."""
    weight = count / within
    centre = float((weight * mean).sum() / weight.sum())
    q = float((weight * (mean - centre) ** 2).sum())
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    between = max(0.0, (q - (len(mean) - 1)) / scale) if scale > 0 else 0.0
    weight = 1 / (within / count + between)
    return between, float((weight * mean).sum() / weight.sum())


def _strength(squares: Vector, freedom: Vector) -> float:
    """Degrees of freedom of the prior of σ², from how log variances differ beyond chance."""
    some = (freedom >= 2) & (squares > 0)
    if some.sum() < LEAST:
        return 10.0
    d = freedom[some]
    e = np.log(squares[some] / d) - psi(d / 2) + np.log(d / 2)
    extra = float(np.var(e, ddof=1) - polygamma(1, d / 2).mean())
    if extra <= 1e-9:
        return MOST_STRENGTH
    return float(min(2 * _inverse_trigamma(extra), MOST_STRENGTH))


def _inverse_trigamma(y: float) -> float:
    """The x with ψ′(x) = y, by Newton's method on 1/ψ′, which is nearly straight."""
    x = 0.5 + 1 / y
    for _ in range(50):
        trigamma = float(polygamma(1, x))
        step = trigamma * (1 - trigamma / y) / float(polygamma(2, x))
        x += step
        if abs(step) < 1e-12 * x:
            break
    return x
