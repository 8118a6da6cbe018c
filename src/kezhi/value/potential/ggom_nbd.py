"""GGom/NBD: Bemmaor & Glady (2012), Management Science 58."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from kezhi.value.potential import pareto_nbd
from kezhi.value.potential.alike import once_each
from kezhi.value.potential.fitting import Fit, Objective, Optimum, Vector, maximise
from kezhi.value.potential.grouping import MANY_GROUPS, Groups, coarser, read_customers
from kezhi.value.potential.nbd_fit import (
    as_fit,
    fit_lifetime_nbd,
    lifetime_objective,
    start_at,
)
from kezhi.value.potential.nbd_lifetime import Curved, LifetimeNBD, Slopes
from kezhi.value.potential.nbd_quadrature import Rows
from kezhi.value.potential.pareto_nbd import ParetoNBD


@dataclass(frozen=True, slots=True)
class GGomNBD(LifetimeNBD):
    """Customers leave at a rate η·b·e^(b·t) with η ~ Gamma(s, β): the older, the sooner.

    With b → 0 at the same β/b it is the Pareto/NBD with β/b for its β.

    >>> model = GGomNBD(r=0.553, alpha=10.58, b=0.02, s=0.6, beta=0.4)
    >>> model.p_alive([26, 0], [30.86, 0], [31, 39]).round(3)
    array([0.997, 0.333])
    """

    name: ClassVar[str] = "ggom-nbd"
    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "b", "s", "beta")

    b: float
    s: float
    beta: float

    @property
    def time_scale(self) -> float:
        """Everything is smooth in log(time_scale + age)."""
        behind = -np.log1p(-self.beta) / self.b if self.beta < 1 else np.inf
        return float(min(self.alpha, behind))

    def _log_q(self, t: Vector) -> Vector:
        """log((β + e^(bt) − 1)/β)."""
        bt = self.b * np.asarray(t, dtype=np.float64)
        small = np.log1p(np.expm1(np.minimum(bt, 1.0)) / self.beta)
        large = bt + np.log1p((self.beta - 1) * np.exp(-np.maximum(bt, 1.0))) - np.log(self.beta)
        return np.where(bt < 1, small, large)

    def log_survival(self, t: Vector) -> Vector:
        """log S(t)."""
        return np.asarray(-self.s * self._log_q(t))

    def log_density(self, t: Vector) -> Vector:
        """log f(t)."""
        start = np.log(self.b * self.s / self.beta)
        return np.asarray(start + self.b * t - (self.s + 1) * self._log_q(t))

    def variation(self, low: Vector, high: Vector) -> Vector:
        """Both parts of log f rise or fall throughout."""
        grown = self._log_q(high) - self._log_q(low)
        return np.asarray(self.b * (high - low) + (self.s + 1) * grown)

    def life_left(self, T: ArrayLike, t: ArrayLike) -> Vector:
        """∫ S(T + u)/S(T) du over the coming t."""
        (T, t), shape, index = once_each(T, t)

        def lives(u: Vector, rows: Rows) -> Vector:
            return self._log_survival_from(T[rows, None], u)

        varies = self.s * (self._log_q(T + t) - self._log_q(T))
        with np.errstate(divide="ignore"):
            found = np.exp(self._from_now(lives, T, t, varies + self.b * t))
        return np.asarray(found[index].reshape(shape))

    def draw_life_left(self, rng: np.random.Generator, T: Vector) -> Vector:
        """A draw of the life left of each customer alive at T."""
        log_q = self._log_q(T) + rng.standard_exponential(T.shape) / self.s + np.log(self.beta)
        # e^(b(T + u)) = q + 1 − β, without overflow where q is huge
        with np.errstate(over="ignore"):
            near = np.log1p(np.expm1(np.minimum(log_q, 50.0)) + (1 - self.beta))
        end = np.where(log_q < 50, near, log_q) / self.b
        return np.maximum(end - T, 0.0)

    def _log_shares(self, t: Vector) -> tuple[Vector, Vector, Vector]:
        """log q, e^(bt)/q and 1/q with q = β + e^(bt) − 1."""
        log_q = self._log_q(t) + np.log(self.beta)
        return log_q, np.exp(self.b * t - log_q), np.exp(-log_q)

    def survival_slopes(self, t: Vector) -> tuple[Slopes, Curved]:
        """Derivatives of log S by b, s and β."""
        s, beta = self.s, self.beta
        log_q, rho, inverse = self._log_shares(t)
        by_beta = 1 / beta - inverse
        slopes = (-s * t * rho, np.log(beta) - log_q, s * by_beta)
        return slopes, {
            (0, 0): -s * t**2 * rho * (beta - 1) * inverse,
            (0, 1): -t * rho,
            (0, 2): s * t * rho * inverse,
            (1, 2): by_beta,
            (2, 2): s * (inverse**2 - 1 / beta**2),
        }

    def density_slopes(self, t: Vector) -> tuple[Slopes, Curved]:
        """Derivatives of log f by b, s and β."""
        b, s, beta = self.b, self.s, self.beta
        log_q, rho, inverse = self._log_shares(t)
        slopes = (
            1 / b + t - (s + 1) * t * rho,
            1 / s + np.log(beta) - log_q,
            s / beta - (s + 1) * inverse,
        )
        return slopes, {
            (0, 0): -1 / b**2 - (s + 1) * t**2 * rho * (beta - 1) * inverse,
            (0, 1): -t * rho,
            (0, 2): (s + 1) * t * rho * inverse,
            (1, 1): np.full_like(t, -1 / s**2),
            (1, 2): 1 / beta - inverse,
            (2, 2): (s + 1) * inverse**2 - s / beta**2,
        }


_USUAL = (0.5, 0.7, 0.4)
_NEARLY = 1e-6  # b, per mean age, that stands for the limit b → 0
_NO_AGEING = 1e-3  # b, per mean age, below which the search is on its way to the limit
_GAIN = 1e-4  # of log-likelihood over the limit, below which the limit is the maximum


def fit(
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    penalty: float | None = None,
    limit: Fit[ParetoNBD] | None = None,
) -> Fit[GGomNBD]:
    """Maximum likelihood, with the arguments of `bg_nbd.fit`; `limit` is the Pareto/NBD's, if known.

    Where customers don't leave the sooner the older they are, the maximum is the limit b → 0, which
    is the Pareto/NBD: the diagnostics say `pareto_limit`, and b and β have no standard error.

    >>> found = fit([0, 0, 1, 2, 4], [0, 0, 3.0, 20.0, 30.0], [30, 35, 31, 38, 33])
    >>> found.model.name, found.diagnostics.converged
    ('ggom-nbd', True)
    """
    data = read_customers(x, t_x, T, weights)
    if limit is None:
        limit = pareto_nbd.fit(x, t_x, T, weights=weights, penalty=penalty)
    if limit.diagnostics.penalty:
        return fit_lifetime_nbd(GGomNBD, _USUAL, x, t_x, T, weights=weights, penalty=penalty)
    objective = lifetime_objective(GGomNBD, data)
    start = start_at(GGomNBD, _USUAL, data)
    if len(data.x) > MANY_GROUPS:
        rough = coarser(data)
        way = _search(lifetime_objective(GGomNBD, rough), start, rough)
        if way is not None and way.converged:
            start = way.theta
        elif way is None and not _rises(objective, limit, data):
            return _at_limit(limit, data)
    optimum = _search(objective, start, data)
    if (
        optimum is not None
        and optimum.converged
        and optimum.objective > limit.diagnostics.log_likelihood + _GAIN
    ):
        return as_fit(GGomNBD, optimum, data, objective, 0.0, optimum.theta)
    return _at_limit(limit, data)


class _ToLimit(Exception):
    """The likelihood rises towards b = 0."""


def _search(objective: Objective, start: Vector, data: Groups) -> Optimum | None:
    """The optimum, or None where the search is on its way to b = 0."""
    least = np.log(_NO_AGEING * data.customers / data.lived)

    def watched(theta: Vector) -> tuple[float, Vector, Vector]:
        if theta[2] < least:
            raise _ToLimit
        return objective(theta)

    try:
        return maximise(watched, start)
    except _ToLimit:
        return None


def _rises(objective: Objective, limit: Fit[ParetoNBD], data: Groups) -> bool:
    """Whether the likelihood rises from b = 0 on, with β/b held."""
    own, b = limit.model, _NO_AGEING * data.customers / data.lived
    _, slope, _ = objective(np.log([own.r, own.alpha, b, own.s, own.beta * b]))
    return bool(slope[2] + slope[4] > 0)


def _at_limit(limit: Fit[ParetoNBD], data: Groups) -> Fit[GGomNBD]:
    """The Pareto/NBD as a GGom/NBD: b is known to be (nearly) 0, and β = b · its β."""
    own = limit.model
    b = _NEARLY * data.customers / data.lived
    model = GGomNBD(own.r, own.alpha, b, own.s, own.beta * b)
    among = [0, 1, None, 2, 3]
    covariance = tuple(
        tuple(0.0 if i is None or j is None else limit.diagnostics.covariance[i][j] for j in among)
        for i in among
    )
    errors = {
        name: np.nan if name in ("b", "beta") else limit.diagnostics.standard_errors[name]
        for name in model.names
    }
    likelihood = model.log_likelihood(data.x, data.last, data.age)
    return Fit(
        model,
        replace(
            limit.diagnostics,
            log_likelihood=float(np.einsum("i,i->", data.weight, likelihood)),
            standard_errors=errors,
            covariance=covariance,
            degenerate=(*limit.diagnostics.degenerate, "pareto_limit"),
        ),
    )
