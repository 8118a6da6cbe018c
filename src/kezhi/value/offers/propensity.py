"""Propensity: a calibrated probability from a few features, judged beside the base rate.

Logistic regression on standardised features, weakly pulled towards 0. The log odds of held-out folds
are calibrated by Platt's (1999) sigmoid or by isotonic regression (Zadrozny & Elkan 2002), whichever
has the better Brier score on folds that neither has seen. A model that isn't better than saying the
base rate to everybody isn't used, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from kezhi.value.potential.fitting import CannotFit, maximise
from kezhi.value.ranks import ranks as ranked

Vector = NDArray[np.float64]

FOLDS = 5
PULL = 1.0
SURE = 1.645
LEAST = 10
"""Of those who did and of those who didn't, to fit anything."""


@dataclass(frozen=True, slots=True)
class Propensity:
    """A calibrated model; figures are of held-out folds. `curve` are the steps of the calibration:
    log odds of the regression and calibrated probability, straight lines between them;
    slope and intercept for Platt's. `standard_error` is of the difference of the Brier scores."""

    names: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    calibration: Literal["platt", "isotonic"]
    curve: tuple[tuple[float, float], ...]
    customers: int
    base_rate: float
    brier: float
    brier_of_base_rate: float
    standard_error: float
    auc: float

    @property
    def is_used(self) -> bool:
        """Whether the model is better than the base rate for everybody, and not by chance (5 %)."""
        return self.brier_of_base_rate - self.brier > SURE * self.standard_error

    def log_odds(self, features: ArrayLike) -> Vector:
        """Log odds of the regression before calibration: exact sum of `reasons` and the mean."""
        return np.asarray(self.reasons(features).sum(axis=1) + self.intercept)

    def reasons(self, features: ArrayLike) -> Vector:
        """What each feature adds to the log odds against the average customer (n × features)."""
        z = _standard(np.asarray(features, dtype=np.float64), self.means, self.scales)
        return np.asarray(z * np.array(self.weights))

    def probability(self, features: ArrayLike) -> Vector:
        """Calibrated probabilities; the base rate for everybody where the model isn't used."""
        odds = self.log_odds(features)
        if not self.is_used:
            return np.full(len(odds), self.base_rate)
        return _calibrated(self.calibration, self.curve, odds)


def fit_propensity(
    features: ArrayLike, happened: ArrayLike, names: tuple[str, ...], *, folds: int = FOLDS
) -> Propensity:
    """The propensity of an event from n × k features (NaN counts as the average) and n outcomes.

    Raises CannotFit with fewer than 10 of those who did or didn't.

    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=(2000, 2))
    >>> found = fit_propensity(x, rng.random(2000) < expit(x[:, 0] - 1), ("recency", "noise"))
    >>> found.is_used, round(found.auc, 2), abs(found.weights[1]) < 0.2
    (True, 0.74, True)
    """
    X = np.asarray(features, dtype=np.float64).reshape(-1, len(names))
    y = np.asarray(happened, dtype=np.float64)
    if len(X) != len(y):
        raise ValueError("features and outcomes must have the same length")
    did = int(y.sum())
    if min(did, len(y) - did) < LEAST:
        raise CannotFit(
            f"{did} of {len(y)} did it: at least {LEAST} of those who did and who didn't are needed"
        )
    fold = _folds(y, folds)
    odds = np.empty(len(y))
    for k in range(folds):
        held = fold == k
        means, scales = _scale(X[~held])
        weights, intercept = _logistic(_standard(X[~held], means, scales), y[~held])
        odds[held] = _times(_standard(X[held], means, scales), weights) + intercept
    base = np.empty(len(y))
    for k in range(folds):
        base[fold == k] = y[fold != k].mean()
    best: tuple[float, float, Literal["platt", "isotonic"]] = (np.inf, 0.0, "platt")
    kinds: tuple[Literal["platt", "isotonic"], ...] = ("platt", "isotonic")
    for kind in kinds:
        said = np.empty(len(y))
        for k in range(folds):
            held = fold == k
            said[held] = _calibrated(kind, _calibration(kind, odds[~held], y[~held]), odds[held])
        wrong = (said - y) ** 2
        error = float(np.std((base - y) ** 2 - wrong) / np.sqrt(len(y)))
        best = min(best, (float(np.mean(wrong)), error, kind), key=lambda found: found[0])
    means, scales = _scale(X)
    weights, intercept = _logistic(_standard(X, means, scales), y)
    return Propensity(
        names=names,
        means=means,
        scales=scales,
        weights=tuple(weights.tolist()),
        intercept=intercept,
        calibration=best[2],
        curve=_calibration(best[2], odds, y),
        customers=len(y),
        base_rate=float(y.mean()),
        brier=best[0],
        brier_of_base_rate=float(np.mean((base - y) ** 2)),
        standard_error=best[1],
        auc=area_under_curve(odds, y),
    )


def area_under_curve(scores: ArrayLike, happened: ArrayLike) -> float:
    """Probability that one who did has a higher score than one who didn't; ties count half.

    >>> area_under_curve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    0.75
    """
    y = np.asarray(happened, dtype=np.bool_)
    ranks = ranked(np.asarray(scores, dtype=np.float64))
    did, didnt = int(y.sum()), int((~y).sum())
    return float((ranks[y].sum() - did * (did + 1) / 2) / (did * didnt))


def _folds(y: Vector, folds: int) -> NDArray[np.int64]:
    """In turn within those who did and those who didn't: every fold has some of both."""
    fold = np.empty(len(y), dtype=np.int64)
    for outcome in (0.0, 1.0):
        chosen = np.flatnonzero(y == outcome)
        fold[chosen] = np.arange(len(chosen)) % folds
    return fold


def _scale(X: Vector) -> tuple[tuple[float, ...], tuple[float, ...]]:
    known = np.isfinite(X)
    counts = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, X, 0.0).sum(axis=0) / counts
    spread = np.sqrt(np.where(known, (X - means) ** 2, 0.0).sum(axis=0) / counts)
    return tuple(means.tolist()), tuple(np.where(spread > 1e-12, spread, 1.0).tolist())


def _standard(X: Vector, means: tuple[float, ...], scales: tuple[float, ...]) -> Vector:
    z = (X - np.array(means)) / np.array(scales)
    return np.where(np.isfinite(z), z, 0.0)


def _times(Z: Vector, weights: Vector) -> Vector:
    return np.asarray(np.einsum("nk,k->n", Z, weights))


def _logistic(Z: Vector, y: Vector) -> tuple[Vector, float]:
    """Weights and intercept by Newton's method, the weights under a normal prior."""
    wide = np.column_stack((Z, np.ones(len(Z))))
    pull = np.full(wide.shape[1], PULL)
    pull[-1] = 1e-6

    def objective(theta: Vector) -> tuple[float, Vector, Vector]:
        odds = _times(wide, theta)
        p = expit(odds)
        log_likelihood = float(np.add.reduce(y * odds - np.logaddexp(0.0, odds)))
        gradient = np.einsum("nk,n->k", wide, y - p) - pull * theta
        hessian = -np.einsum("ni,nj->ij", wide * (p * (1 - p))[:, None], wide) - np.diag(pull)
        return log_likelihood - 0.5 * float((pull * theta**2).sum()), gradient, hessian

    start = np.zeros(wide.shape[1])
    rate = float(y.mean())
    start[-1] = np.log(rate / (1 - rate))
    optimum = maximise(objective, start)
    return optimum.theta[:-1], float(optimum.theta[-1])


def _calibration(kind: str, odds: Vector, y: Vector) -> tuple[tuple[float, float], ...]:
    if kind == "platt":
        # Platt's targets keep the sigmoid finite where the classes are told apart.
        did, didnt = y.sum(), len(y) - y.sum()
        target = np.where(y > 0, (did + 1) / (did + 2), 1 / (didnt + 2))
        weights, intercept = _logistic(odds[:, None], target)
        return ((float(weights[0]), intercept),)
    from scipy.optimize import isotonic_regression

    order = np.argsort(odds, kind="stable")
    steps = isotonic_regression(y[order], increasing=True)
    blocks = steps.blocks
    curve = []
    for low, high in pairwise(blocks):
        size = high - low
        # Half an event each way: no probability is exactly 0 or 1.
        p = float((steps.x[low] * size + 0.5) / (size + 1))
        curve.append((float(odds[order[low]]), p))
        curve.append((float(odds[order[high - 1]]), p))
    heights = np.maximum.accumulate([p for _, p in curve])
    return tuple((at, float(p)) for (at, _), p in zip(curve, heights, strict=True))


def _calibrated(kind: str, curve: tuple[tuple[float, float], ...], odds: Vector) -> Vector:
    if kind == "platt":
        slope, intercept = curve[0]
        return np.asarray(expit(slope * odds + intercept))
    at, p = np.array(curve).T
    return np.asarray(np.interp(odds, at, p))
