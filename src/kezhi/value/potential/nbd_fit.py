"""Maximum likelihood of NBD, Pareto/NBD and GGom/NBD from grouped customers.

The likelihood of a customer is Z = e^g(T) + ∫ e^h(u) du over the moments u of leaving: of being alive
(g) and of having left (h). With the mean E under these weights,

    ∇ log Z = E[∇],   ∇² log Z = E[∇²] + E[∇∇ᵀ] − E[∇]E[∇]ᵀ,

so that the nodes which give Z give both derivatives, exactly to the digits of the quadrature.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln, polygamma

from kezhi.value.potential.fitting import (
    Fit,
    Objective,
    Optimum,
    Vector,
    diagnose,
    fit_by_newton,
    maximise,
)
from kezhi.value.potential.grouping import MANY_GROUPS, Groups, coarser, dot, read_customers
from kezhi.value.potential.nbd_lifetime import Curved, LifetimeNBD, Slopes
from kezhi.value.potential.nbd_quadrature import Rows, pieces

Model = TypeVar("Model", bound=LifetimeNBD)


class _Sums:
    """Value, gradient and Hessian, gathered group by group."""

    def __init__(self, parameters: int) -> None:
        self.found = 0.0
        self.g = np.zeros(parameters)
        self.h = np.zeros((parameters, parameters))

    def add_curved(
        self, weight: Vector, R: Vector, alpha: float, log_place: Vector, curved: Curved
    ) -> None:
        """E[∇²] of −(r + x)·log(1 + u/α) and of a lifetime; see `slopes` for the order."""
        inverse = np.exp(-log_place) / alpha
        self.h[0, 1] -= _sum(weight, inverse)
        self.h[1, 1] += _sum(weight, R * inverse**2)
        for (i, j), own in curved.items():
            self.h[i + 2, j + 2] += _sum(weight, own)


def _sum(weight: Vector, own: Vector) -> float:
    return dot(weight.ravel(), np.broadcast_to(own, weight.shape).ravel())


def _slopes(R: Vector, alpha: float, log_place: Vector, of_life: Slopes) -> list[Vector]:
    """First derivatives by r, α and the parameters of the lifetime."""
    shape = log_place.shape
    return [
        -log_place,
        -R * np.exp(-log_place) / alpha,
        *(np.broadcast_to(own, shape) for own in of_life),
    ]


def _log_rising(r: float, x: Vector) -> Vector:
    """log Γ(r + x)/Γ(r), without the cancellation that a large r brings."""
    if r < 1e3:
        return np.asarray(gammaln(r + x) - gammaln(r))
    ends = (1 / (r + x) - 1 / r) / 12 - ((r + x) ** -3 - r**-3) / 360
    return np.asarray((r - 0.5) * np.log1p(x / r) + x * (np.log(r + x) - 1) + ends)


def lifetime_objective(kind: type[Model], data: Groups) -> Objective:
    """The log-likelihood of the groups as a function of the log-parameters."""
    x, age, last, weight = data.x, data.age, data.last, data.weight
    customers = float(weight.sum())
    size = len(kind.names)

    def objective(theta: Vector) -> tuple[float, Vector, Vector]:
        if np.max(np.abs(theta)) > 60:
            return -np.inf, np.zeros(size), np.zeros((size, size))
        natural = np.exp(theta)
        model = kind(*natural.tolist())
        r, alpha = model.r, model.alpha
        R = r + x
        sums = _Sums(size)
        log_alive = model.log_survival(data.T_distinct)[data.T_index]
        log_age = np.log1p(data.T_distinct / alpha)[data.T_index]
        alive = log_alive - R * log_age
        gone, gone_slopes = _gone(model, sums, data, R, alive)
        log_z = np.logaddexp(alive, gone)
        lives = np.exp(alive - log_z)
        slopes, curved = model.survival_slopes(age)
        of_alive = _slopes(R, alpha, log_age, slopes)
        sums.add_curved(weight * lives, R, alpha, log_age, curved)
        means = [lives * own + left for own, left in zip(of_alive, gone_slopes, strict=True)]
        for i in range(size):
            sums.g[i] = dot(weight, means[i])
            for j in range(i, size):
                sums.h[i, j] += dot(weight * lives * of_alive[i], of_alive[j])
                sums.h[i, j] -= dot(weight * means[i], means[j])
        shared, counts = data.shares, data.counts
        sums.found = float(
            dot(weight, log_z) + dot(counts, _log_rising(r, shared)) - data.bought * np.log(alpha)
        )
        sums.g[0] += dot(counts, digamma(r + shared) - digamma(r))
        sums.g[1] += customers * r / alpha
        sums.h[0, 0] += dot(counts, polygamma(1, r + shared) - polygamma(1, r))
        sums.h[0, 1] += customers / alpha
        sums.h[1, 1] -= customers * r / alpha**2
        h = np.triu(sums.h) + np.triu(sums.h, 1).T
        slope = sums.g * natural
        return sums.found, slope, h * np.outer(natural, natural) + np.diag(slope)

    def _gone(
        model: Model, sums: _Sums, data: Groups, R: Vector, alive: Vector
    ) -> tuple[Vector, list[Vector]]:
        """Log of the second term of Z, and its part of E[∇]; E[∇²] and E[∇∇ᵀ] are added up."""
        gone = np.full(len(R), -np.inf)
        part = [np.zeros(len(R)) for _ in range(size)]
        if size == 2:
            return gone, part

        def leaves(u: Vector, rows: Rows) -> Vector:
            return np.asarray(model.log_density(u) - R[rows, None] * np.log1p(u / model.alpha))

        varies = R * np.log1p((age - last) / (model.alpha + last)) + model.variation(last, age)
        scale = np.full_like(age, model.time_scale)
        for rows, u, logs in pieces(leaves, last, age, scale, varies):
            top = logs.max(axis=1)
            gone[rows] = top + np.log(np.exp(logs - top[:, None]).sum(axis=1))
            log_z = np.logaddexp(alive[rows], gone[rows])
            shares = np.exp(logs - log_z[:, None])
            weighted = weight[rows, None] * shares
            R_here, log_place = R[rows, None], np.log1p(u / model.alpha)
            slopes, curved = model.density_slopes(u)
            of_gone = _slopes(R_here, model.alpha, log_place, slopes)
            sums.add_curved(weighted, R_here, model.alpha, log_place, curved)
            for i in range(size):
                part[i][rows] = np.einsum("ij,ij->i", shares, of_gone[i])
                scaled = weighted * of_gone[i]
                for j in range(i, size):
                    sums.h[i, j] += float(np.einsum("ij,ij->", scaled, of_gone[j]))
        return gone, part

    return objective


def fit_lifetime_nbd(
    kind: type[Model],
    of_life: tuple[float, ...],
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    penalty: float | None = None,
) -> Fit[Model]:
    """The fit from a start at usual parameters.

    `of_life` are those of the lifetime, for times counted in the customers' mean age.
    """
    data = read_customers(x, t_x, T, weights)
    objective = lifetime_objective(kind, data)
    start = start_at(kind, of_life, data)
    if len(data.x) > MANY_GROUPS:
        rough = maximise(lifetime_objective(kind, coarser(data)), start)
        start = rough.theta if rough.converged else start
    optimum, used, led = fit_by_newton(
        objective, start, informative=data.repeating, penalty=penalty
    )
    return as_fit(kind, optimum, data, objective, used, led)


def start_at(kind: type[Model], of_life: tuple[float, ...], data: Groups) -> Vector:
    """Log-parameters at which to start."""
    r = 0.7
    mean_age = data.lived / data.customers
    units = {"beta": mean_age} if len(of_life) == 2 else {"b": 1 / mean_age}
    scaled = [own * units.get(name, 1.0) for name, own in zip(kind.names[2:], of_life, strict=True)]
    return np.log([r, r * data.lived / data.bought, *scaled])


def as_fit(
    kind: type[Model],
    optimum: Optimum,
    data: Groups,
    objective: Objective,
    penalty: float,
    led: Vector,
) -> Fit[Model]:
    """The model at an optimum, with its diagnostics."""
    model = kind(*np.exp(optimum.theta).tolist())
    far = kind(*np.exp(led).tolist())
    diagnostics = diagnose(
        optimum,
        kind.names,
        log_likelihood=optimum.objective if penalty == 0 else objective(optimum.theta)[0],
        customers=data.customers,
        groups=len(data.x),
        penalty=penalty,
        degenerate=_degenerate(far, data.lived / data.customers),
    )
    return Fit(model, diagnostics)


def _degenerate(model: LifetimeNBD, mean_age: float) -> tuple[str, ...]:
    """What a reader must know about an optimum at the edge of the parameters."""
    found = []
    if model.r > 100:
        found.append("no_heterogeneity")
    if len(model.names) > 2:
        left = -np.expm1(float(model.log_survival(np.array(mean_age))))
        if left < 1e-3:
            found.append("no_dropout")
        elif not 1e-3 < model.parameters["s"] < 1e4:
            found.append("dropout_not_identified")
    return tuple(found)
