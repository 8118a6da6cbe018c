"""Who buys again, from what they said: logistic regression of the next period's purchase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.potential.fitting import CannotFit, fit_by_newton

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Repurchase:
    """P(buys again) = 1 / (1 + exp(−(intercept + Σ slope · x))); slopes are per unit of x.

    `standard_errors` are of intercept and slopes. `penalty` above 0 says that the data alone don't
    determine them (few who stayed away, or a perfect split), so that they were pulled towards 0.
    """

    names: tuple[str, ...]
    intercept: float
    slopes: tuple[float, ...]
    standard_errors: tuple[float, ...]
    log_likelihood: float
    base_rate: float
    respondents: int
    penalty: float

    def p(self, data: ArrayLike) -> Vector:
        """Probability of each row of `data` (rows × names); NaN where a measure is missing."""
        columns = np.asarray(data, dtype=np.float64).reshape(-1, len(self.slopes))
        log_odds = self.intercept + np.einsum("ij,j->i", columns, np.array(self.slopes))
        return _expit(log_odds)


def fit(data: ArrayLike, bought: ArrayLike, names: tuple[str, ...] = ("delivered",)) -> Repurchase:
    """Maximum likelihood by Newton's method; rows with a missing measure take no part.

    `bought` is 1 for who bought in the next period, else 0. Raises CannotFit where all or none did, or
    a measure doesn't differ.

    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=4000)
    >>> found = fit(x, rng.uniform(size=4000) < 1 / (1 + np.exp(-0.5 - 2 * x)))
    >>> abs(found.slopes[0] - 2) < 3 * found.standard_errors[1]
    True
    """
    columns = np.asarray(data, dtype=np.float64).reshape(len(np.asarray(bought)), len(names))
    outcome = np.asarray(bought, dtype=np.float64)
    known = np.isfinite(columns).all(axis=1) & np.isfinite(outcome)
    columns, outcome = columns[known], outcome[known]
    came = float(outcome.sum())
    if len(outcome) == 0 or not 0 < came < len(outcome):
        raise CannotFit("all bought again, or nobody did: there is nothing to tell them apart by")
    centre, spread = columns.mean(axis=0), columns.std(axis=0)
    flat = np.flatnonzero(spread <= 1e-12 * np.maximum(1.0, np.abs(centre)))
    if len(flat):
        raise CannotFit(f"{names[flat[0]]} is the same for everybody")
    design = np.column_stack([np.ones(len(outcome)), (columns - centre) / spread])

    def objective(theta: Vector) -> tuple[float, Vector, Vector]:
        log_odds = np.einsum("ij,j->i", design, theta)
        p = _expit(log_odds)
        value = float((outcome * log_odds - np.logaddexp(0.0, log_odds)).sum())
        gradient = np.einsum("ij,i->j", design, outcome - p)
        hessian = -np.einsum("ij,i,ik->jk", design, p * (1 - p), design)
        return value, gradient, hessian

    start = np.zeros(design.shape[1])
    fewer = int(min(came, len(outcome) - came))
    optimum, penalty, _led = fit_by_newton(objective, start, informative=fewer * 10, penalty=None)
    theta, slopes = optimum.theta, optimum.theta[1:] / spread
    back = np.eye(len(theta))
    back[0, 1:], back[1:, 1:] = -centre / spread, np.diag(1 / spread)
    covariance = back @ np.linalg.inv(-optimum.hessian) @ back.T
    return Repurchase(
        names=names,
        intercept=float(theta[0] - (slopes * centre).sum()),
        slopes=tuple(slopes.tolist()),
        standard_errors=tuple(np.sqrt(np.diag(covariance)).tolist()),
        log_likelihood=objective(theta)[0],
        base_rate=came / len(outcome),
        respondents=len(outcome),
        penalty=penalty,
    )


def _expit(log_odds: Vector) -> Vector:
    small = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1 / (1 + small), small / (1 + small))
