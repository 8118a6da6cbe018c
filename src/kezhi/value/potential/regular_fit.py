"""Maximum likelihood of MBG/CNBD-k: Newton's method for each k, and the k that is likeliest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, digamma, gammaln, polygamma

from kezhi.value.potential.beta_geometric_fit import degenerate
from kezhi.value.potential.fitting import (
    CannotFit,
    Fit,
    Objective,
    Optimum,
    Vector,
    diagnose,
    fit_by_newton,
)
from kezhi.value.potential.grouping import Groups, dot, read_customers
from kezhi.value.potential.regular import RegularNBD

MOST = 12
"""The most regular rhythm that is tried: intervals that vary by 29 % of their mean."""


def fit(
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    *,
    log_intervals: float | None = None,
    k: int | None = None,
    weights: ArrayLike | None = None,
    penalty: float | None = None,
) -> Fit[RegularNBD]:
    """Maximum likelihood, with the arguments of `bg_nbd.fit`, for a given k or over k = 1, 2, …

    `log_intervals` is the sum of the logs of all intervals between the purchases of a customer,
    over all customers, in the unit of T; without it k can't be told. k has no standard error:
    the others are those at this k.

    >>> x, t_x, T = [0, 0, 1, 2, 4], [0, 0, 9.0, 20.0, 36.0], [30, 35, 11, 38, 40]
    >>> fit(x, t_x, T, log_intervals=7 * np.log(9.2)).model.k
    12
    >>> fit(x, t_x, T, k=2).model.k
    2
    """
    data = read_customers(x, t_x, T, weights)
    if k is not None:
        return _fit(data, k, log_intervals or 0.0, penalty, _usual(data, k))
    if log_intervals is None:
        raise CannotFit("the intervals between purchases aren't known: they tell the rhythm")
    best = _fit(data, 1, log_intervals, penalty, _usual(data, 1))
    for step in range(2, MOST + 1):
        own = best.model
        start = np.log([own.r, own.alpha * (step - 1) / step, own.a, own.b])
        if best.diagnostics.penalty or best.diagnostics.degenerate:
            start = _usual(data, step)
        found = _fit(data, step, log_intervals, penalty, start)
        if found.diagnostics.log_likelihood <= best.diagnostics.log_likelihood:
            break
        best = found
    return best


def _usual(data: Groups, k: int) -> Vector:
    r = 0.7
    return np.log([r, r * data.lived / data.bought / k, 0.8, 2.5])


def _fit(
    data: Groups, k: int, log_intervals: float, penalty: float | None, start: Vector
) -> Fit[RegularNBD]:
    objective = regular_objective(data, k, log_intervals)
    optimum, used, led = fit_by_newton(
        objective, start, informative=data.repeating, penalty=penalty
    )
    return _as_fit(data, k, objective, optimum, used, led)


def _as_fit(
    data: Groups, k: int, objective: Objective, optimum: Optimum, penalty: float, led: Vector
) -> Fit[RegularNBD]:
    diagnostics = diagnose(
        optimum,
        RegularNBD.names,
        log_likelihood=optimum.objective if penalty == 0 else objective(optimum.theta)[0],
        customers=data.customers,
        groups=len(data.x),
        penalty=penalty,
        degenerate=degenerate(*np.exp(led).tolist()),
    )
    return Fit(RegularNBD(k, *np.exp(optimum.theta).tolist()), diagnostics)


def _parts(
    k: int, R: Vector, alpha: float, a: float, left: Vector, data: Groups
) -> Iterator[tuple[Vector, list[Vector], dict[tuple[int, int], Vector]]]:
    """Being gone, and each state of being alive: log, first and second derivatives by r, α, a, b."""
    last, age = data.last, data.age
    zero = np.zeros_like(R)
    inverse = 1 / (alpha + last)
    log_last, log_age = np.log(alpha + last), np.log(alpha + age)
    yield (
        np.log(a) - np.log(left) - R * log_last,
        [-log_last, -R * inverse, np.full_like(R, 1 / a), -1 / left],
        {
            (0, 1): -inverse,
            (1, 1): R * inverse**2,
            (2, 2): np.full_like(R, -1 / a**2),
            (3, 3): 1 / left**2,
        },
    )
    inverse = 1 / (alpha + age)
    with np.errstate(divide="ignore"):
        log_silent = np.log(age - last)
    log_rise, rise, bend = zero, zero, zero
    for state in range(k):
        if state:
            step = R + (state - 1)
            log_rise = log_rise + np.log(step / state) + log_silent
            rise, bend = rise + 1 / step, bend - 1 / step**2
        yield (
            log_rise - (R + state) * log_age,
            [rise - log_age, -(R + state) * inverse, zero, zero],
            {(0, 0): bend, (0, 1): -inverse, (1, 1): (R + state) * inverse**2},
        )


def regular_objective(data: Groups, k: int, log_intervals: float) -> Objective:
    """The log-likelihood of the groups, with its derivatives by the log-parameters, for this k."""
    x, weight, shared, counts = data.x, data.weight, data.shares, data.counts
    customers = float(weight.sum())
    known = (k - 1) * log_intervals - data.bought * float(gammaln(k))

    def objective(theta: Vector) -> tuple[float, Vector, Vector]:
        if np.max(np.abs(theta)) > 60:
            return -np.inf, np.zeros(4), np.zeros((4, 4))
        r, alpha, a, b = np.exp(theta).tolist()
        parts = list(_parts(k, r + k * x, alpha, a, b + x, data))
        top = np.maximum.reduce([own[0] for own in parts])
        odds = [np.exp(own[0] - top) for own in parts]
        total = np.add.reduce(odds)
        g, h = np.zeros(4), np.zeros((4, 4))
        means = [np.zeros_like(x) for _ in range(4)]
        for (_, slopes, curved), odd in zip(parts, odds, strict=True):
            share = odd / total
            weighed = weight * share
            for i in range(4):
                means[i] += share * slopes[i]
                scaled = weighed * slopes[i]
                for j in range(i, 4):
                    h[i, j] += dot(scaled, slopes[j])
            for (i, j), own in curved.items():
                h[i, j] += dot(weighed, own)
        for i in range(4):
            scaled = weight * means[i]
            g[i] = scaled.sum()
            for j in range(i, 4):
                h[i, j] -= dot(scaled, means[j])
        # What depends on x alone: Γ(r + kx)/Γ(r), αʳ and B(a, b + x + 1)/B(a, b).
        R, upper, whole = r + k * shared, b + shared + 1, a + b + shared + 1
        found = known + dot(weight, top + np.log(total)) + customers * r * np.log(alpha)
        found += dot(counts, gammaln(R) - gammaln(r) + betaln(a, upper) - betaln(a, b))
        psi, tri = digamma(a + b) - digamma(whole), polygamma(1, a + b) - polygamma(1, whole)
        g[0] += dot(counts, digamma(R) - digamma(r)) + customers * np.log(alpha)
        g[1] += customers * r / alpha
        g[2] += dot(counts, psi)
        g[3] += dot(counts, psi + digamma(upper) - digamma(b))
        h[0, 0] += dot(counts, polygamma(1, R) - polygamma(1, r))
        h[0, 1] += customers / alpha
        h[1, 1] -= customers * r / alpha**2
        h[2, 2] += dot(counts, tri)
        h[2, 3] += dot(counts, tri)
        h[3, 3] += dot(counts, tri + polygamma(1, upper) - polygamma(1, b))
        scale = np.array([r, alpha, a, b])
        h = np.triu(h) + np.triu(h, 1).T
        return float(found), g * scale, h * np.outer(scale, scale) + np.diag(g * scale)

    return objective
