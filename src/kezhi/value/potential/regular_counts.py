"""What lies ahead of a customer of MBG/CNBD-k who is alive and i steps into the present interval.

An interval between purchases takes k hidden steps. Within the coming time t the customer makes N
of them, N ~ NBD(R, A) with y = t/A, which are n = ⌊(N + i)/k⌋ purchases if no dropout stops them:
after each the customer leaves with probability p ~ Beta(a, B). Asked for is the mean of

    purchases: 1 + q + … + q^(n−1),   staying: qⁿ,   with q = 1 − p,

over N and p. For usual customers N is summed up. Where it is large, p is integrated instead: k-th
roots of unity give the mean over N in closed form.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

from kezhi.value.potential.fitting import Vector

Asked = Literal["purchases", "staying"]

_MOST_STEPS = 800.0
_AT_ONCE = 4096
_UNDERFLOWS = 650.0


def mean_ahead(asked: Asked, k: int, i: int, R: Vector, a: float, B: Vector, y: Vector) -> Vector:
    """The mean for each customer, R and B of the present state."""
    steps = R * y + 12 * np.sqrt(R * y * (1 + y)) + 45 * (1 + y)
    few = (steps < _MOST_STEPS) & (R * np.log1p(y) < _UNDERFLOWS)
    found = np.empty_like(y)
    order = np.flatnonzero(few)[np.argsort(steps[few], kind="stable")]
    for start in range(0, len(order), _AT_ONCE):
        rows = order[start : start + _AT_ONCE]
        count = int(steps[rows[-1]]) + k + 1
        found[rows] = _summed(asked, k, i, R[rows], a, B[rows], y[rows], count)
    many = np.flatnonzero(~few)
    if len(many):
        found[many] = _integrated(asked, k, i, R[many], a, B[many], y[many])
    return found


def _summed(
    asked: Asked, k: int, i: int, R: Vector, a: float, B: Vector, y: Vector, steps: int
) -> Vector:
    w = y / (1 + y)
    chance = np.exp(-R * np.log1p(y))
    stays, made = np.ones_like(y), np.zeros_like(y)
    total = chance * (made if asked == "purchases" else stays)
    n, within = 0, i
    for step in range(1, steps):
        chance *= (R + (step - 1)) * w
        chance /= step
        within += 1
        if within == k:
            within = 0
            made += stays
            stays *= (B + n) / (B + (a + n))
            n += 1
        total += chance * (made if asked == "purchases" else stays)
    return total


def _integrated(asked: Asked, k: int, i: int, R: Vector, a: float, B: Vector, y: Vector) -> Vector:
    """h(0) + E[h(p) − h(0)] by the trapezoidal rule in u = logit p, which converges exponentially."""
    centre, spread = np.log(a / B), np.sqrt(1 / a + 1 / B)
    low = np.minimum(-np.log(np.maximum(1.0, R * y)) - 38, centre - 40 / (a + 1) - 9 * spread)
    low = np.maximum(low, -700.0)
    high = np.minimum(40.0, centre + 40 / B + 9 * spread)
    low = np.minimum(low, high - 1)
    step = np.minimum(0.2, 0.6 * spread)
    count = int(np.max(np.ceil((high - low) / step))) + 1
    grid = (np.arange(count) + 0.5) / count
    none = _h_of_none(asked, k, i, R, y)
    mean = np.empty_like(y)
    size = max(1, 300_000 // count)
    for start in range(0, len(y), size):
        part = slice(start, start + size)
        width = (high - low)[part]
        u = low[part, None] + width[:, None] * grid
        density = a * u - (a + B[part, None]) * np.logaddexp(0.0, u) - betaln(a, B[part])[:, None]
        curve = _h(asked, k, i, R[part, None], y[part, None], u) - none[part, None]
        mean[part] = none[part] + (np.exp(density) * curve).sum(axis=1) * width / count
    return mean


def _h(asked: Asked, k: int, i: int, R: Vector, y: Vector, u: Vector) -> Vector:
    """The mean over N with a dropout of p = expit(u)."""
    delta = np.logaddexp(0.0, u) / k  # −log q / k
    p = 1 / (1 + np.exp(-u))
    with np.errstate(over="ignore", invalid="ignore"):
        exact = np.log(np.expm1(k * delta) / (k * np.expm1(delta)))
    near = (k - 1) * delta / 2 + (k * k - 1) * delta**2 / 24
    whole = np.where(delta > 1e-4, exact, near) - i * delta
    log_first = whole - R * np.log1p(y * -np.expm1(-delta))
    others = np.zeros_like(u)
    for turn in range(1, k // 2 + 1):
        root = np.exp(2j * np.pi * turn / k)
        z = root * np.exp(-delta)
        terms = (
            root ** (i + 1)
            * np.exp((k - i - 1) * delta - R * np.log(1 + y * (1 - z)))
            / (k * (1 - z))
        )
        others += terms.real * (1 if 2 * turn == k else 2)
    if asked == "staying":
        return np.asarray(np.exp(log_first) + p * others)
    return np.asarray(-np.expm1(log_first) / p - others)


def _h_of_none(asked: Asked, k: int, i: int, R: Vector, y: Vector) -> Vector:
    """The same where nobody leaves: 1, or the mean of ⌊(N + i)/k⌋."""
    if asked == "staying":
        return np.ones_like(y)
    rest: NDArray[np.complex128] = np.full(len(y), (k - 1) / 2, dtype=np.complex128)
    for turn in range(1, k):
        root = np.exp(2j * np.pi * turn / k)
        weight = sum(left * root ** (i - left) for left in range(k)) / k
        rest += weight * np.exp(-R * np.log(1 + y * (1 - root)))
    return np.asarray((R * y + i - rest.real) / k)
