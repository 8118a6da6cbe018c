"""Maximum likelihood by Newton's method in log-parameters, with diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Objective = Callable[[Vector], tuple[float, Vector, Vector]]
"""Log-parameters to value, gradient and Hessian of what is maximised."""

M = TypeVar("M")

MAX_ITERATIONS = 200
MAX_STEP = 1.5  # in log-parameters: no parameter changes more than 4.5-fold in a step
DECREMENT = 1e-10  # of half the squared Newton decrement: log-likelihood still to be gained
ROUNDING = 1e-13  # of the objective, relative: what a sum over a million customers can't resolve
FAR = 16.0  # log-parameters this far from the start aren't estimates any more


class CannotFit(ValueError):
    """The data don't determine the model; the message says what is lacking."""


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """How a fit went.

    `covariance` is of the log-parameters, in the order of the parameters. `standard_errors` are of
    the parameters themselves, NaN where the data don't determine one. `degenerate` holds keys of
    what is unusual about the optimum (`no_dropout`, `no_heterogeneity`, `dropout_not_identified`,
    `flat`): the figures may be used, but not read as a description of the customers. `penalty` is
    the weight of the pull towards the starting point, 0 for plain maximum likelihood.
    """

    customers: int
    groups: int
    log_likelihood: float
    standard_errors: dict[str, float]
    covariance: tuple[tuple[float, ...], ...]
    gradient_norm: float
    newton_decrement: float
    iterations: int
    converged: bool
    penalty: float
    degenerate: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fit(Generic[M]):
    """A model beside the diagnostics of its fit."""

    model: M
    diagnostics: Diagnostics


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where `maximise` stopped; `converged` says whether Newton's decrement vanished."""

    theta: Vector
    objective: float
    gradient: Vector
    hessian: Vector
    decrement: float
    iterations: int
    converged: bool


def maximise(objective: Objective, start: Vector) -> Optimum:
    """Newton's method with step control from a fixed start.

    >>> def peak(theta):
    ...     return -float((theta - 2) @ (theta - 2)), -2 * (theta - 2), -2 * np.eye(1)
    >>> optimum = maximise(peak, np.zeros(1))
    >>> optimum.theta, optimum.converged
    (array([2.]), True)
    """
    theta = np.asarray(start, dtype=np.float64)
    now, gradient, hessian = objective(theta)
    if not np.isfinite(now):
        raise CannotFit("the likelihood isn't finite at the start: the data are out of range")
    decrement = np.inf
    for iteration in range(MAX_ITERATIONS):
        step = _ascent(gradient, hessian)
        decrement = float(gradient @ step)
        noise = ROUNDING * abs(now)
        if decrement / 2 < DECREMENT + noise:
            return Optimum(theta, now, gradient, hessian, decrement, iteration, True)
        length = np.max(np.abs(step))
        step *= min(1.0, MAX_STEP / length)
        for _ in range(40):
            ahead = objective(theta + step)
            if np.isfinite(ahead[0]) and ahead[0] >= now - 10 * noise:
                break
            step /= 2
        else:  # no step improves: the decrement left is rounding
            flat = decrement < 1e-6 * max(1.0, abs(now) * 1e-6)
            return Optimum(theta, now, gradient, hessian, decrement, iteration, flat)
        theta = theta + step
        now, gradient, hessian = ahead
        if np.max(np.abs(theta - start)) > FAR:
            break
    return Optimum(theta, now, gradient, hessian, decrement, MAX_ITERATIONS, False)


def _ascent(gradient: Vector, hessian: Vector) -> Vector:
    """Newton's step where the Hessian is negative definite, else one along its |eigenvalues|."""
    eigenvalues, axes = np.linalg.eigh(-hessian)
    floor = 1e-10 * max(1.0, float(np.max(np.abs(eigenvalues))))
    curvature = np.maximum(np.abs(eigenvalues), floor)
    step: Vector = axes @ ((axes.T @ gradient) / curvature)
    return step


def with_penalty(objective: Objective, centre: Vector, weight: float) -> Objective:
    """The objective pulled weakly towards `centre`: a normal prior of variance 1 ÷ weight."""

    def penalised(theta: Vector) -> tuple[float, Vector, Vector]:
        now, gradient, hessian = objective(theta)
        away = theta - centre
        return (
            now - 0.5 * weight * float(away @ away),
            gradient - weight * away,
            hessian - weight * np.eye(len(theta)),
        )

    return penalised


SMALL = 100
"""With fewer repeat customers than this the automatic penalty is used."""
WEAK = 0.25
"""Weight of the weak penalty: log-parameters are expected within ± 4 of usual ones."""


def fit_by_newton(
    objective: Objective,
    start: Vector,
    *,
    informative: int,
    penalty: float | None,
    near: Vector | None = None,
) -> tuple[Optimum, float, Vector]:
    """The optimum, the weight of the penalty that was used, and where the data alone lead.

    The last is the optimum itself, or log-parameters on the way to a maximum at infinity.

    `penalty=None` is automatic: none for data that determine the parameters, the weak one where
    fewer than `SMALL` customers are informative or the plain likelihood has no finite maximum.
    The plain likelihood is climbed from `near`, if it is known where its maximum lies.
    """
    if penalty is None:
        way = start if near is None else near
        plain = maximise(objective, way) if informative >= SMALL else None
        if plain is not None and plain.converged:
            return plain, 0.0, plain.theta
        penalty, led = WEAK, None if plain is None else plain.theta
    else:
        led = None
    chosen = with_penalty(objective, start, penalty) if penalty > 0 else objective
    optimum = maximise(chosen, start)
    if not optimum.converged:
        raise CannotFit(
            "the likelihood has no maximum that could be found: "
            "these data don't determine the parameters of this model"
        )
    return optimum, penalty, optimum.theta if led is None else led


def diagnose(
    optimum: Optimum,
    names: tuple[str, ...],
    *,
    log_likelihood: float,
    customers: int,
    groups: int,
    penalty: float,
    degenerate: tuple[str, ...],
) -> Diagnostics:
    """Diagnostics of an optimum in log-parameters; the delta method gives the standard errors."""
    parameters = np.exp(optimum.theta)
    eigenvalues = np.linalg.eigvalsh(-optimum.hessian)
    flat = bool(eigenvalues[0] <= 1e-9 * max(1.0, float(eigenvalues[-1])))
    # A weak prior keeps the covariance finite along a direction that the data leave open.
    curvature = -optimum.hessian + (WEAK * np.eye(len(names)) if flat else 0.0)
    covariance = np.linalg.inv(curvature)
    deviations = parameters * np.sqrt(np.maximum(np.diag(covariance), 0.0))
    if flat:
        deviations = np.full(len(names), np.nan)
        degenerate = (*degenerate, "flat")
    return Diagnostics(
        customers=customers,
        groups=groups,
        log_likelihood=log_likelihood,
        standard_errors=dict(zip(names, deviations.tolist(), strict=True)),
        covariance=tuple(tuple(row) for row in covariance.tolist()),
        gradient_norm=float(np.linalg.norm(optimum.gradient)),
        newton_decrement=optimum.decrement,
        iterations=optimum.iterations,
        converged=optimum.converged,
        penalty=penalty,
        degenerate=degenerate,
    )
