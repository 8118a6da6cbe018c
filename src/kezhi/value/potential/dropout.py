"""Means over the probability p of leaving after a purchase.

Given alive, E[Y] = E over p ~ Beta(a, B) of (1 − (1 + p·y)^−R)/p, with y = t/A, A = α + T and
R = r + x. The papers write it with Gauss's function at C = a + B − 1,
    C/(a − 1) · [1 − (1 − w)^R · F(R, B; C; w)],  w = y/(1 + y),
which is 0/0 at a = 1, has a pole at C = 0 (no repeat, a + b = 1) and overflows for large x.
Euler's transformation turns it into, with ε = a − 1,
    C · (1 − (1 − w)^ε)/ε − (1 − w)^ε · Σ_{k≥1} (a)_{k−1} (C−R)_k / ((C+1)_{k−1} k!) · w^k,
finite at both limits, with terms that fall the faster the larger x. C − R doesn't depend on x.
Where the sum would be slow (w near 1) or cancel, the mean over p is integrated instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, expit

from kezhi.value.potential.fitting import Vector

_SLOW = 0.95
_TERMS = 600
_NEAR_ZERO = 0.2  # of a or B: the beta's tail is too long to integrate over
_CANCELLED = 1e5  # series terms this much larger than their sum: integrate instead


def mean_purchases(R: Vector, a: float, B: Vector, y: Vector) -> Vector:
    """Purchases expected of living customers, with R = r + x, B = b + x + shift and y = t/A."""
    w = y / (1 + y)
    found = np.zeros_like(w)
    ask = y > 0
    quick = ask & (w < _SLOW)
    if quick.any():
        found[quick], sound = _by_series(R[quick], a, B[quick], w[quick])
        quick[np.flatnonzero(quick)[~sound]] = False
    slow = ask & ~quick & (B >= _NEAR_ZERO) if a >= _NEAR_ZERO else np.zeros_like(ask)
    if slow.any():
        found[slow] = _mean_bought(a, B[slow], R[slow], y[slow])
    slow = ask & ~quick & ~slow
    if slow.any():
        lost = _mean_fall(a, B[slow], R[slow], y[slow], _purchase_fall)
        found[slow] = R[slow] * y[slow] * (1 - lost)
    return found


def _by_series(R: Vector, a: float, B: Vector, w: Vector) -> tuple[Vector, NDArray[np.bool_]]:
    epsilon = a - 1
    C = a + B - 1
    G = C - R
    ell = np.log1p(-w)
    first = C * (-np.expm1(epsilon * ell) / epsilon if epsilon else -ell)
    term = G * w
    total, largest = term.copy(), np.abs(term)
    live = np.arange(len(w))
    running = term
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows isn't sound, see below
        for k in range(1, _TERMS):
            running = running * ((a + k - 1) * (G[live] + k) / ((C[live] + k) * (k + 1))) * w[live]
            total[live] += running
            size = np.abs(running)
            largest[live] = np.maximum(largest[live], size)
            going = size > 1e-17 * np.abs(total[live])
            if not going.all():
                live, running = live[going], running[going]
                if len(live) == 0:
                    break
        scale = np.exp(epsilon * ell)
        found = first - scale * total
        sound = np.maximum(np.abs(first), scale * largest) < _CANCELLED * np.abs(found)
    sound[live] = False  # not converged
    return found, sound


def p_stay(R: Vector, a: float, B: Vector, y: Vector) -> Vector:
    """Probability of living customers to be alive after the coming time, with the same arguments."""
    return 1 - _mean_fall(a, B, R, y, _survival_fall)


_Integrand: TypeAlias = Callable[[Vector, Vector, Vector], Vector]  # of p, R, y


def _bought(p: Vector, R: Vector, y: Vector) -> Vector:
    """Purchases expected with a dropout of p."""
    return np.asarray(-np.expm1(-R * np.log1p(p * y)) / p)


def _purchase_fall(p: Vector, R: Vector, y: Vector) -> Vector:
    """The share of purchases that is lost by a dropout of p."""
    return np.asarray(1 - _bought(p, R, y) / (R * y))


def _survival_fall(p: Vector, R: Vector, y: Vector) -> Vector:
    return np.asarray(-np.expm1(-R * np.log1p(p * y)))


def _mean_fall(a: float, B: Vector, R: Vector, y: Vector, fall: _Integrand) -> Vector:
    """E over p ~ Beta(a, B) of `fall(p)`, which rises from 0 at p = 0.

    What is linear in p is taken off first, so that the integrand vanishes at both ends even for a
    or B near 0, where the beta's own tails reach too far.
    """
    whole = fall(np.ones_like(y), R, y)
    centre, spread = _bulk(a, B)
    low = np.maximum(-np.log(np.maximum(1.0, R * y)) - 40, centre - 40 / a - 9 * spread)
    high = np.minimum(40.0, centre + 40 / B + 9 * spread)

    def curved(p: Vector, R: Vector, y: Vector) -> Vector:
        return np.asarray(fall(p, R, y) - fall(np.ones_like(y), R, y) * p)

    return np.asarray(whole * a / (a + B) + _integral(a, B, R, y, low, high, curved))


def _mean_bought(a: float, B: Vector, R: Vector, y: Vector) -> Vector:
    """E over p ~ Beta(a, B) of the purchases: a sum of positive terms, for a and B not near 0."""
    centre, spread = _bulk(a, B)
    low, high = centre - 45 / a - 9 * spread, centre + 45 / B + 9 * spread
    return _integral(a, B, R, y, low, high, _bought)


def _bulk(a: float, B: Vector) -> tuple[Vector, Vector]:
    """Where the beta's mass lies in u = logit p, and how wide."""
    return np.log(a / B), np.sqrt(1 / a + 1 / B)


def _integral(
    a: float, B: Vector, R: Vector, y: Vector, low: Vector, high: Vector, integrand: _Integrand
) -> Vector:
    """Mean over p ~ Beta(a, B) by the trapezoidal rule in u = logit p between `low` and `high`.

    It converges exponentially here; steps are bounded by the beta's width and by how near the
    power's singularity lies.
    """
    low = np.minimum(low, high - 1)
    step = np.minimum(0.25, 0.6 * _bulk(a, B)[1])
    steps = int(np.max(np.ceil((high - low) / step))) + 1
    mean = np.empty_like(y)
    size = max(1, 2_000_000 // steps)
    grid = (np.arange(steps) + 0.5) / steps
    for start in range(0, len(y), size):
        part = slice(start, start + size)
        width = (high - low)[part]
        u = low[part, None] + width[:, None] * grid
        density = a * u - (a + B[part, None]) * np.logaddexp(0.0, u) - betaln(a, B[part])[:, None]
        terms = np.exp(density) * integrand(expit(u), R[part, None], y[part, None])
        mean[part] = terms.sum(axis=1) * width / steps
    return mean
