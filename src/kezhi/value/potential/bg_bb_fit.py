"""Maximum likelihood of BG/BB from grouped customers, with analytic derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, digamma, polygamma

from kezhi.value.potential.bg_bb import BGBB, PARAMETERS
from kezhi.value.potential.fitting import (
    CannotFit,
    Fit,
    Objective,
    Vector,
    diagnose,
    fit_by_newton,
)

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Ways:
    """Every way in which a group's history can have come about: still there, or gone in a period.

    A row per way: `x` purchases in the first `end` periods of life, `leaves` 1 where the customer
    left at the beginning of the next one. The ways of a group begin at `first`.
    """

    weight: Vector
    x: Whole
    end: Whole
    leaves: Whole
    group: NDArray[np.intp]
    first: NDArray[np.intp]


def fit(
    x: ArrayLike,
    t_x: ArrayLike,
    n: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    penalty: float | None = None,
) -> Fit[BGBB]:
    """Maximum likelihood from x periods with a purchase, the last in period t_x, of n periods.

    Customers with equal figures may be given once with a weight. `penalty` as in `bg_nbd.fit`.
    Raises `CannotFit` where nobody bought in any period, or no maximum is found.

    >>> found = fit([0, 1, 1, 2, 3], [0, 1, 3, 3, 3], 3, weights=[60, 20, 12, 18, 40])
    >>> found.model.name, found.diagnostics.converged
    ('bg-bb', True)
    """
    weight, x, t_x, n = _grouped(x, t_x, n, weights)
    ways = _ways(weight, x, t_x, n)
    objective = _objective(ways)
    bought, seen = float(weight @ x), float(weight @ n)
    # The share of periods with a purchase, were customers there in two thirds of them.
    rate = min(max(1.5 * bought / seen, 0.02), 0.9)
    start = np.log([2 * rate, 2 * (1 - rate), 0.7, 2.8])
    optimum, used, led = fit_by_newton(
        objective, start, informative=int(weight[x > 0].sum()), penalty=penalty
    )
    diagnostics = diagnose(
        optimum,
        PARAMETERS,
        log_likelihood=optimum.objective if used == 0 else objective(optimum.theta)[0],
        customers=round(float(weight.sum())),
        groups=len(x),
        penalty=used,
        degenerate=_degenerate(*np.exp(led).tolist()),
    )
    return Fit(BGBB(*np.exp(optimum.theta).tolist()), diagnostics)


def _grouped(
    x: ArrayLike, t_x: ArrayLike, n: ArrayLike, weights: ArrayLike | None
) -> tuple[Vector, Whole, Whole, Whole]:
    given = np.broadcast_arrays(*(np.atleast_1d(np.asarray(own, float)) for own in (x, t_x, n)))
    every = np.stack(given, axis=1)
    if len(every) == 0:
        raise CannotFit("there is no customer to fit a model to")
    if not np.isfinite(every).all() or (every != np.floor(every)).any() or (every < 0).any():
        raise ValueError("x, t_x and n count periods: they must be whole and not negative")
    rows, place = np.unique(every.astype(np.int64), axis=0, return_inverse=True)
    counted = None if weights is None else np.asarray(weights, dtype=np.float64)
    weight = np.bincount(place.ravel(), counted).astype(np.float64)
    found_x, found_t, found_n = rows.T
    if (found_x > found_t).any() or (found_t > found_n).any():
        raise ValueError("0 ≤ x ≤ t_x ≤ n must hold for every customer")
    if ((found_x == 0) != (found_t == 0)).any():
        raise ValueError("t_x is 0 exactly where there was no purchase")
    if not (weight * found_n).sum() > 0:
        raise CannotFit("no customer has been one for a whole period")
    if not (weight * found_x).sum() > 0:
        raise CannotFit("no customer has bought again in any period: there is nothing to estimate")
    return weight, found_x, found_t, found_n


def _ways(weight: Vector, x: Whole, t_x: Whole, n: Whole) -> _Ways:
    count = n - t_x + 1
    first = np.cumsum(count) - count
    group = np.repeat(np.arange(len(x)), count)
    end = t_x[group] + np.arange(len(group)) - first[group]
    return _Ways(weight, x[group], end, (end < n[group]).astype(np.int64), group, first)


def _objective(ways: _Ways) -> Objective:
    """Σ weight · log Σ_ways B(α+x, β+end−x)/B(α, β) · B(γ+leaves, δ+end)/B(γ, δ)."""
    x, rest, end, leaves, group = (
        ways.x,
        ways.end - ways.x,
        ways.end,
        ways.leaves,
        ways.group,
    )

    def objective(theta: Vector) -> tuple[float, Vector, Vector]:
        if np.max(np.abs(theta)) > 40:
            return -np.inf, np.zeros(4), np.zeros((4, 4))
        alpha, beta, gamma, delta = np.exp(theta)
        counts = np.arange(int(end.max()) + 2)
        bought = _Beta.of(alpha, beta, counts)
        stayed = _Beta.of(gamma, delta, counts)
        log = bought.log(x, rest) + stayed.log(leaves, end)
        top = np.maximum.reduceat(log, ways.first)
        share = np.exp(log - top[group])
        total = np.add.reduceat(share, ways.first)
        share *= (ways.weight / total)[group]
        slopes = (*bought.slopes(x, rest), *stayed.slopes(leaves, end))
        own = [np.add.reduceat(share * slope, ways.first) for slope in slopes]
        g = np.array([one.sum() for one in own])
        h = np.empty((4, 4))
        for i in range(4):
            for j in range(i, 4):
                h[i, j] = np.einsum("k,k,k->", share, slopes[i], slopes[j])
                h[i, j] -= np.einsum("k,k,k->", own[i], own[j], 1 / ways.weight)
                h[j, i] = h[i, j]
        for place, (model, one, other) in enumerate(((bought, x, rest), (stayed, leaves, end))):
            part = slice(2 * place, 2 * place + 2)
            h[part, part] += model.curvature(share, one, other)
        scale = np.array([alpha, beta, gamma, delta])
        found = float(np.einsum("k,k->", ways.weight, top + np.log(total)))
        return found, g * scale, h * np.outer(scale, scale) + np.diag(g * scale)

    return objective


@dataclass(frozen=True, slots=True)
class _Beta:
    """log B(a + i, b + j) − log B(a, b) and its derivatives, for counts i and j, from tables."""

    a: float
    b: float
    psi: tuple[Vector, Vector, Vector]  # ψ of a, b and a + b, plus each count, minus ψ of these
    trigamma: tuple[Vector, Vector, Vector]

    @classmethod
    def of(cls, a: float, b: float, counts: Whole) -> _Beta:
        wide = np.arange(2 * len(counts))
        over = (a + counts, b + counts, a + b + wide)
        first = [digamma(own) for own in over]
        second = [polygamma(1, own) for own in over]
        return cls(
            a,
            b,
            (first[0] - first[0][0], first[1] - first[1][0], first[2] - first[2][0]),
            (second[0] - second[0][0], second[1] - second[1][0], second[2] - second[2][0]),
        )

    def log(self, i: Whole, j: Whole) -> Vector:
        return np.asarray(betaln(self.a + i, self.b + j) - betaln(self.a, self.b))

    def slopes(self, i: Whole, j: Whole) -> tuple[Vector, Vector]:
        of_a, of_b, both = self.psi
        return of_a[i] - both[i + j], of_b[j] - both[i + j]

    def curvature(self, share: Vector, i: Whole, j: Whole) -> Vector:
        of_a, of_b, both = self.trigamma
        together = float(np.einsum("k,k->", share, both[i + j]))
        one = float(np.einsum("k,k->", share, of_a[i]))
        other = float(np.einsum("k,k->", share, of_b[j]))
        return np.array([[one - together, -together], [-together, other - together]])


def _degenerate(alpha: float, beta: float, gamma: float, delta: float) -> tuple[str, ...]:
    """What a reader must know about an optimum at the edge of the parameters."""
    found = []
    if alpha + beta > 100:
        found.append("no_heterogeneity")
    if gamma / (gamma + delta) < 1e-3:
        found.append("no_dropout")
    elif gamma + delta > 1e4 or max(gamma, delta) < 1e-3:
        found.append("dropout_not_identified")
    return tuple(found)
