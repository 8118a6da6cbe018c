"""Log-likelihood of customers who each have parameters of their own, with both derivatives.

Each function takes the log-parameters (4 × customers) and gives the log-likelihood, its gradient
(4 × customers) and its Hessian (4 × 4 × customers) by these log-parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, digamma, expit, gammaln, polygamma

from kezhi.value.potential.fitting import Vector
from kezhi.value.potential.nbd_quadrature import Rows, pieces


@dataclass(frozen=True, slots=True)
class Rows4:
    """Customers counted once: x, t_x, T."""

    x: Vector
    t_x: Vector
    T: Vector


RowLikelihood = Callable[[Vector, Rows4], tuple[Vector, Vector, Vector]]


def _in_logs(found: Vector, g: Vector, h: Vector, natural: Vector) -> tuple[Vector, ...]:
    """From derivatives by the parameters (upper half of h) to those by their logs."""
    for i in range(4):
        for j in range(i):
            h[i, j] = h[j, i]
    slope = g * natural
    h = h * natural[:, None] * natural[None]
    for i in range(4):
        h[i, i] += slope[i]
    return found, slope, h


def _add_rate(found: Vector, g: Vector, h: Vector, r: Vector, alpha: Vector, x: Vector) -> Vector:
    """Γ(r + x)/Γ(r) · αʳ, which all models share."""
    g[0] += digamma(r + x) - digamma(r) + np.log(alpha)
    g[1] += r / alpha
    h[0, 0] += polygamma(1, r + x) - polygamma(1, r)
    h[0, 1] += 1 / alpha
    h[1, 1] -= r / alpha**2
    return np.asarray(found + gammaln(r + x) - gammaln(r) + r * np.log(alpha))


def beta_geometric_rows(shift: int) -> RowLikelihood:
    """BG/NBD (shift 0) or MBG/NBD (shift 1), with parameters r, α, a, b."""

    def rows(theta: Vector, data: Rows4) -> tuple[Vector, Vector, Vector]:
        natural = np.exp(theta)
        r, alpha, a, b = natural
        x, last, age = data.x, alpha + data.t_x, alpha + data.T
        R = r + x
        left = b + shift - 1 + np.maximum(x, 1 - shift)
        apart, narrower = np.log(age / last), 1 / age - 1 / last
        z = np.log(a / left) + R * apart
        if not shift:
            z[x == 0] = -np.inf  # without a repeat nobody has had the chance to leave
        gone = expit(z)
        varies = gone * (1 - gone)
        dz = (apart, R * narrower, 1 / a, -1 / left)
        upper, whole = b + shift + x, a + b + shift + x
        g, h = np.zeros_like(theta), np.zeros((4, *theta.shape))
        found = _add_rate(np.logaddexp(0.0, z) - R * np.log(age), g, h, r, alpha, x)
        found = found + betaln(a, upper) - betaln(a, b)
        psi, tri = digamma(a + b) - digamma(whole), polygamma(1, a + b) - polygamma(1, whole)
        g[0] += gone * apart - np.log(age)
        g[1] += gone * dz[1] - R / age
        g[2] += psi + gone / a
        g[3] += psi + digamma(upper) - digamma(b) - gone / left
        for i in range(4):
            for j in range(i, 4):
                h[i, j] += varies * dz[i] * dz[j]
        h[0, 1] += gone * narrower - 1 / age
        h[1, 1] += R / age**2 - gone * R * (1 / age**2 - 1 / last**2)
        h[2, 2] += tri - gone / a**2
        h[2, 3] += tri
        h[3, 3] += tri + polygamma(1, upper) - polygamma(1, b) + gone / left**2
        return _in_logs(found, g, h, natural)  # type: ignore[return-value]

    return rows


def pareto_rows(theta: Vector, data: Rows4) -> tuple[Vector, Vector, Vector]:
    """Pareto/NBD, with parameters r, α, s, β; see `nbd_fit` for the derivatives."""
    natural = np.exp(theta)
    r, alpha, s, beta = natural
    x, t_x, T = data.x, data.t_x, data.T
    R = r + x
    log_age = np.log(alpha + T)
    alive = -s * np.log1p(T / beta) - R * log_age

    def leaves(u: Vector, rows: Rows) -> Vector:
        start = np.log(s / beta)[rows, None] - R[rows, None] * np.log(alpha[rows, None] + u)
        return np.asarray(start - (s[rows, None] + 1) * np.log1p(u / beta[rows, None]))

    varies = R * np.log1p((T - t_x) / (alpha + t_x))
    varies = varies + (s + 1) * np.log1p((T - t_x) / (beta + t_x))
    size = len(x)
    gone, mean = np.full(size, -np.inf), np.zeros((4, size))
    g, h = np.zeros_like(theta), np.zeros((4, *theta.shape))
    for rows, u, logs in pieces(leaves, t_x, T, np.minimum(alpha, beta), varies):
        top = logs.max(axis=1)
        gone[rows] = top + np.log(np.exp(logs - top[:, None]).sum(axis=1))
        share = np.exp(logs - np.logaddexp(alive[rows], gone[rows])[:, None])
        slopes, curved = _gone_slopes(
            R[rows, None], alpha[rows, None], s[rows, None], beta[rows, None], u
        )
        for i in range(4):
            mean[i, rows] = (share * slopes[i]).sum(axis=1)
            for j in range(i, 4):
                h[i, j, rows] = (share * slopes[i] * slopes[j]).sum(axis=1)
        for (i, j), bend in curved.items():
            h[i, j, rows] += (share * bend).sum(axis=1)
    log_z = np.logaddexp(alive, gone)
    lives = np.exp(alive - log_z)
    by_beta = T / (beta * (beta + T))
    slope = (-log_age, -R / (alpha + T), -np.log1p(T / beta), s * by_beta)
    mean += lives * np.array(slope)
    for i in range(4):
        for j in range(i, 4):
            h[i, j] += lives * slope[i] * slope[j] - mean[i] * mean[j]
    h[0, 1] -= lives / (alpha + T)
    h[1, 1] += lives * R / (alpha + T) ** 2
    h[2, 3] += lives * by_beta
    h[3, 3] -= lives * s * by_beta * (1 / beta + 1 / (beta + T))
    found = _add_rate(log_z, g, h, r, alpha, x)
    return _in_logs(found, g + mean, h, natural)  # type: ignore[return-value]


def _gone_slopes(
    R: Vector, alpha: Vector, s: Vector, beta: Vector, u: Vector
) -> tuple[tuple[Vector, ...], dict[tuple[int, int], Vector]]:
    """Derivatives of the log of having left at u."""
    place, inverse = alpha + u, 1 / (beta + u)
    slopes = (
        -np.log(place),
        -R / place,
        1 / s - np.log1p(u / beta),
        s / beta - (s + 1) * inverse,
    )
    return slopes, {
        (0, 1): -1 / place,
        (1, 1): R / place**2,
        (2, 2): -1 / s**2,
        (2, 3): 1 / beta - inverse,
        (3, 3): (s + 1) * inverse**2 - s / beta**2,
    }
