"""What is known of customers from the start (channel, region, industry) as a part of the model.

Fader & Hardie (2007), "Incorporating Time-Invariant Covariates into the Pareto/NBD and BG/NBD
Models", with the signs of pymc-marketing and CLVTools: for a customer with covariates z

    α_z = α · exp(−γ_α·z)                           buys e^γ times as often for one z more,
    β_z = β · exp(−γ_β·z)       of Pareto/NBD       leaves e^γ times as fast,
    a_z = a · exp(γ_a·z), b_z = b · exp(γ_b·z)      of BG/NBD and MBG/NBD.

The parameters themselves are those at z = 0. CLVTools has one γ for a and b; here, as in the note and
in pymc-marketing, they are two, without which the mean dropout couldn't change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kezhi.value.potential.alike import once_each
from kezhi.value.potential.bg_nbd import BGNBD
from kezhi.value.potential.covariates_rows import (
    RowLikelihood,
    Rows4,
    beta_geometric_rows,
    pareto_rows,
)
from kezhi.value.potential.fitting import (
    CannotFit,
    Diagnostics,
    Fit,
    Objective,
    Vector,
    fit_by_newton,
)
from kezhi.value.potential.grouping import check
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.potential.pareto_nbd import ParetoNBD

Columns = Mapping[str, ArrayLike]
"""Covariates by name, a number for each customer; code kinds as 0 and 1."""

_KINDS: dict[str, type[BGNBD] | type[MBGNBD] | type[ParetoNBD]] = {
    "bg-nbd": BGNBD,
    "mbg-nbd": MBGNBD,
    "pareto-nbd": ParetoNBD,
}
_ROWS: dict[str, RowLikelihood] = {
    "bg-nbd": beta_geometric_rows(0),
    "mbg-nbd": beta_geometric_rows(1),
    "pareto-nbd": pareto_rows,
}
_OF_DROPOUT = {"bg-nbd": ("a", "b"), "mbg-nbd": ("a", "b"), "pareto-nbd": ("beta",)}
_SIGN = {"alpha": -1.0, "beta": -1.0, "a": 1.0, "b": 1.0}


@dataclass(frozen=True, slots=True)
class WithCovariates:
    """A model whose parameters depend on covariates.

    `model` is the key of the model, `base` its parameters at z = 0, `coefficients` the γ by
    parameter and covariate.

    >>> model = WithCovariates("bg-nbd", {"r": 0.24, "alpha": 4.4, "a": 0.8, "b": 2.4},
    ...     {"alpha": {"online": 0.5}, "a": {}, "b": {}})
    >>> model.of({"online": 1}).alpha.round(2)
    np.float64(2.67)
    >>> model.expected_purchases({"online": [0, 1]}, 2, 30, 39, 52).round(2)
    array([1.53, 1.57])
    """

    model: str
    base: Mapping[str, float]
    coefficients: Mapping[str, Mapping[str, float]]

    @property
    def names(self) -> tuple[str, ...]:
        """The covariates, in a fixed order."""
        return tuple(sorted({name for own in self.coefficients.values() for name in own}))

    def of(self, covariates: Mapping[str, float]) -> BGNBD | MBGNBD | ParetoNBD:
        """The model of customers with these covariates; one that isn't given is 0."""
        changed = dict(self.base)
        for parameter, own in self.coefficients.items():
            by = sum(gamma * covariates.get(name, 0.0) for name, gamma in own.items())
            changed[parameter] = self.base[parameter] * np.exp(_SIGN[parameter] * by)
        return _KINDS[self.model](**changed)

    def p_alive(self, covariates: Columns, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Probability that the customer is still one, at age T."""
        return self._ask("p_alive", covariates, x, t_x, T)

    def p_purchase(
        self, covariates: Columns, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Probability of at least one purchase within the coming time t."""
        return self._ask("p_purchase", covariates, x, t_x, T, t)

    def expected_purchases(
        self, covariates: Columns, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """E[Y(t)]: purchases expected within the coming time t."""
        return self._ask("expected_purchases", covariates, x, t_x, T, t)

    def log_p_count(
        self,
        covariates: Columns,
        n: ArrayLike,
        x: ArrayLike,
        t_x: ArrayLike,
        T: ArrayLike,
        t: ArrayLike,
    ) -> Vector:
        """Log of the probability of exactly n purchases within the coming time t."""
        return self._ask("log_p_count", covariates, n, x, t_x, T, t)

    def log_likelihood(
        self, covariates: Columns, x: ArrayLike, t_x: ArrayLike, T: ArrayLike
    ) -> Vector:
        """Log-likelihood of each customer."""
        return self._ask("log_likelihood", covariates, x, t_x, T)

    def _ask(self, question: str, covariates: Columns, *figures: ArrayLike) -> Vector:
        """The question put to one model for each set of covariates that occurs."""
        for name in self.names:
            if name not in covariates:
                raise ValueError(f"the covariate {name!r} is not given")
        given = [np.asarray(covariates[name], dtype=np.float64) for name in self.names]
        every = np.broadcast_arrays(*given, *(np.asarray(own, np.float64) for own in figures))
        columns = [own.ravel() for own in every]
        known, asked = columns[: len(given)], columns[len(given) :]
        found = np.empty(len(asked[0]))
        sets, place = np.unique(np.array(known).T, axis=0, return_inverse=True)
        order = np.argsort(place.ravel(), kind="stable")
        ends = np.searchsorted(place.ravel()[order], np.arange(len(sets) + 1))
        for k, values in enumerate(sets):
            rows = order[ends[k] : ends[k + 1]]
            model = self.of(dict(zip(self.names, values.tolist(), strict=True)))
            found[rows] = getattr(model, question)(*(own[rows] for own in asked))
        return found.reshape(every[0].shape)


@dataclass(frozen=True, slots=True)
class _Column:
    """A coefficient: which log-parameter it moves, and by how much for each customer."""

    parameter: int
    label: tuple[str, str]
    by: Vector  # standardised, with the parameter's sign
    mean: float
    scale: float
    sign: float


def fit(
    model: str,
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    *,
    purchase: Columns | None = None,
    dropout: Columns | None = None,
    penalty: float | None = None,
) -> Fit[WithCovariates]:
    """Maximum likelihood of `bg-nbd`, `mbg-nbd` or `pareto-nbd` with covariates, by Newton's method.

    `purchase` are the covariates of how often customers buy, `dropout` of how they leave. The
    standard errors of coefficients go by `parameter.covariate`. Raises `CannotFit` where a covariate
    is the same for all or doesn't add to the others.

    >>> rng = np.random.default_rng(1)
    >>> online, x = rng.integers(0, 2, 400), rng.poisson(2, 400)
    >>> found = fit("bg-nbd", x, np.where(x > 0, 20.0, 0.0), np.full(400, 30.0),
    ...     purchase={"online": online})
    >>> list(found.diagnostics.standard_errors)
    ['r', 'alpha', 'a', 'b', 'alpha.online']
    """
    if model not in _KINDS:
        raise ValueError(f"covariates go with {', '.join(_KINDS)}, not {model!r}")
    x, t_x, T = (np.atleast_1d(np.asarray(own, dtype=np.float64)) for own in (x, t_x, T))
    check(x, t_x, T)
    if x.sum() <= 0:
        raise CannotFit("no customer has bought a second time: there is no rhythm to estimate")
    kind = _KINDS[model]
    asked: dict[str, Columns] = {"alpha": purchase or {}}
    asked.update({parameter: dropout or {} for parameter in _OF_DROPOUT[model]})
    names = sorted({name for own in asked.values() for name in own})
    known = {
        name: _read(name, {**(purchase or {}), **(dropout or {})}[name], len(x)) for name in names
    }
    figures, _, index = once_each(x, t_x, T, *known.values())
    rows = np.arange(len(x)) if isinstance(index, slice) else index
    weight = np.bincount(rows, minlength=len(figures[0])).astype(np.float64)
    data = Rows4(*figures[:3])
    of_group = dict(zip(known, figures[3:], strict=True))
    columns = [
        _column(parameter, kind.names.index(parameter), name, of_group[name], weight)
        for parameter, own in asked.items()
        for name in own
    ]
    mean_interval = float(T.sum() / x.sum())
    start = {"r": 0.7, "alpha": 0.7 * mean_interval, "a": 0.8, "b": 2.5}
    start.update(s=0.7, beta=0.4 * float(T.mean()))
    theta = np.concatenate((np.log([start[own] for own in kind.names]), np.zeros(len(columns))))
    objective = _objective(_ROWS[model], data, weight, columns)
    optimum, used, _ = fit_by_newton(
        objective, theta, informative=int((x > 0).sum()), penalty=penalty
    )
    curvature = np.linalg.eigvalsh(-optimum.hessian)
    if curvature[0] <= 1e-9 * curvature[-1]:
        raise CannotFit("the covariates don't add to one another: leave one of them out")
    back = _back(columns)
    natural = back @ optimum.theta
    covariance = back @ np.linalg.inv(-optimum.hessian) @ back.T
    base = dict(zip(kind.names, np.exp(natural[:4]).tolist(), strict=True))
    coefficients: dict[str, dict[str, float]] = {parameter: {} for parameter in asked}
    for own, gamma in zip(columns, natural[4:].tolist(), strict=True):
        coefficients[own.label[0]][own.label[1]] = gamma
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    spread[:4] *= np.exp(natural[:4])
    labels = (*kind.names, *(".".join(own.label) for own in columns))
    diagnostics = Diagnostics(
        customers=len(x),
        groups=len(weight),
        log_likelihood=objective(optimum.theta)[0],
        standard_errors=dict(zip(labels, spread.tolist(), strict=True)),
        covariance=tuple(tuple(row) for row in covariance.tolist()),
        gradient_norm=float(np.linalg.norm(optimum.gradient)),
        newton_decrement=optimum.decrement,
        iterations=optimum.iterations,
        converged=optimum.converged,
        penalty=used,
        degenerate=(),
    )
    return Fit(WithCovariates(model, base, coefficients), diagnostics)


def fit_of(
    fit: Fit[WithCovariates], covariates: Mapping[str, float]
) -> Fit[BGNBD | MBGNBD | ParetoNBD]:
    """The model of customers with these covariates, beside what is known of its own parameters.

    >>> rng = np.random.default_rng(1)
    >>> online, x = rng.integers(0, 2, 400), rng.poisson(2, 400)
    >>> whole = fit("bg-nbd", x, np.where(x > 0, 20.0, 0.0), np.full(400, 30.0),
    ...     purchase={"online": online})
    >>> list(fit_of(whole, {"online": 1.0}).diagnostics.standard_errors)
    ['r', 'alpha', 'a', 'b']
    """
    model, labels = fit.model.of(covariates), list(fit.diagnostics.standard_errors)
    names = model.names
    moves = np.eye(len(names), len(labels))
    for k, label in enumerate(labels[len(names) :], start=len(names)):
        parameter, name = label.split(".", 1)
        moves[names.index(parameter), k] = _SIGN[parameter] * covariates.get(name, 0.0)
    covariance = moves @ np.array(fit.diagnostics.covariance) @ moves.T
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    errors = {name: getattr(model, name) * own for name, own in zip(names, spread, strict=True)}
    diagnostics = replace(
        fit.diagnostics,
        standard_errors={name: float(own) for name, own in errors.items()},
        covariance=tuple(tuple(row) for row in covariance.tolist()),
    )
    return Fit(model, diagnostics)


def _read(name: str, column: Any, customers: int) -> Vector:
    read = np.asarray(column, dtype=np.float64)
    if read.shape != (customers,) or not np.isfinite(read).all():
        raise ValueError(f"the covariate {name!r} must be a finite number for each customer")
    return read


def _column(parameter: str, place: int, name: str, own: Vector, weight: Vector) -> _Column:
    mean = float(np.einsum("i,i->", weight, own) / weight.sum())
    scale = float(np.sqrt(np.einsum("i,i->", weight, (own - mean) ** 2) / weight.sum()))
    if scale <= 1e-12 * max(1.0, abs(mean)):
        raise CannotFit(f"the covariate {name!r} is the same for all customers")
    sign = _SIGN[parameter]
    return _Column(place, (parameter, name), sign * (own - mean) / scale, mean, scale, sign)


def _back(columns: list[_Column]) -> Vector:
    """From standardised covariates to those that were given: parameters at z = 0, γ per unit."""
    back = np.eye(4 + len(columns))
    for k, own in enumerate(columns):
        back[4 + k, 4 + k] = 1 / own.scale
        back[own.parameter, 4 + k] = -own.sign * own.mean / own.scale
    return back


def _objective(
    likelihood: RowLikelihood, data: Rows4, weight: Vector, columns: list[_Column]
) -> Objective:
    size = 4 + len(columns)
    places = [*range(4), *(own.parameter for own in columns)]
    ones = np.ones_like(weight)
    factors = [ones, ones, ones, ones, *(own.by for own in columns)]

    def objective(theta: Vector) -> tuple[float, Vector, Vector]:
        if np.max(np.abs(theta)) > 60:
            return -np.inf, np.zeros(size), np.zeros((size, size))
        own = np.repeat(theta[:4, None], len(weight), axis=1)
        for column, gamma in zip(columns, theta[4:], strict=True):
            own[column.parameter] += gamma * column.by
        if np.max(np.abs(own)) > 80:
            return -np.inf, np.zeros(size), np.zeros((size, size))
        found, slopes, curved = likelihood(own, data)
        g, h = np.empty(size), np.empty((size, size))
        for i in range(size):
            scaled = weight * factors[i]
            g[i] = np.einsum("i,i->", scaled, slopes[places[i]])
            for j in range(i, size):
                bend = curved[places[i], places[j]]
                h[i, j] = h[j, i] = np.einsum("i,i,i->", scaled, factors[j], bend)
        return float(np.einsum("i,i->", weight, found)), g, h

    return objective
