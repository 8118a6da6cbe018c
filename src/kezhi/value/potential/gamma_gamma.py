"""Gamma-Gamma spending: Fader & Hardie (2013), note 025.

The mean amount m of x repeat occasions: amounts of a customer are Gamma(p, ν), and ν ~ Gamma(q, γ)
over customers. How much a customer spends is taken to be independent of how often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln, polygamma

from kezhi.value.potential.alike import blocks, distinct_times
from kezhi.value.potential.fitting import (
    CannotFit,
    Fit,
    Objective,
    Vector,
    diagnose,
    fit_by_newton,
)
from kezhi.value.potential.grouping import dot
from kezhi.value.potential.parameters import PositiveParameters

PARAMETERS = ("p", "q", "gamma")


@dataclass(frozen=True, slots=True)
class GammaGamma(PositiveParameters):
    """The parameters of spending per occasion.

    >>> model = GammaGamma(p=6.25, q=3.74, gamma=15.44)
    >>> model.expected_spend([2, 0], [22.35, 0.0]).round(2)
    array([24.66, 35.22])
    """

    name: ClassVar[str] = "gamma-gamma"
    names: ClassVar[tuple[str, ...]] = PARAMETERS

    p: float
    q: float
    gamma: float

    @property
    def mean_spend(self) -> float:
        """Mean spend of an occasion over all customers; infinite for q ≤ 1."""
        return self.p * self.gamma / (self.q - 1) if self.q > 1 else float("inf")

    def expected_spend(self, x: ArrayLike, m: ArrayLike) -> Vector:
        """E[M | m, x] of one future occasion; NaN where it doesn't exist (p·x + q ≤ 1).

        `x` counts the repeat occasions with a positive amount, `m` is their mean; `m` is ignored
        where x is 0.
        """
        x = np.asarray(x, dtype=np.float64)
        spent = np.where(x > 0, x * np.nan_to_num(np.asarray(m, dtype=np.float64)), 0.0)
        freedom = self.p * x + self.q - 1
        with np.errstate(divide="ignore"):
            return np.where(freedom > 0, self.p * (self.gamma + spent) / freedom, np.nan)

    def log_likelihood(self, x: ArrayLike, m: ArrayLike) -> Vector:
        """Log-likelihood of the mean amount of each customer with x ≥ 1."""
        x, m = np.asarray(x, dtype=np.float64), np.asarray(m, dtype=np.float64)
        px = self.p * x
        return np.asarray(
            gammaln(px + self.q)
            - gammaln(px)
            - gammaln(self.q)
            + self.q * np.log(self.gamma)
            + (px - 1) * np.log(m)
            + px * np.log(x)
            - (px + self.q) * np.log(self.gamma + x * m)
        )


def fit(x: ArrayLike, m: ArrayLike, *, penalty: float | None = None) -> Fit[GammaGamma]:
    """Maximum likelihood from customers' counts x and mean amounts m of positive repeat occasions.

    Customers without such an occasion (x = 0 or m ≤ 0 or NaN) don't enter. `penalty` as in
    `bg_nbd.fit`. Raises `CannotFit` where fewer than three customers remain or all spend the same.

    >>> found = fit([1, 2, 3, 1, 5, 2], [20.0, 35.0, 31.0, 80.0, 44.0, 25.0])
    >>> found.diagnostics.customers, found.diagnostics.converged
    (6, True)
    """
    counts = np.atleast_1d(np.asarray(x, dtype=np.float64))
    means = np.atleast_1d(np.asarray(m, dtype=np.float64))
    enters = (counts > 0) & (means > 0) & np.isfinite(means)
    counts, means = counts[enters], means[enters]
    if len(counts) < 3 or np.ptp(np.log(means)) == 0:
        raise CannotFit(
            "fewer than three customers with different amounts have bought a second time: "
            "there is no distribution of spending to estimate"
        )
    p, q = 3.0, 3.5
    level = float(
        np.exp(np.mean(np.log(means)))
    )  # amounts enter relative to it: free of the currency
    start = np.log([p, q, (q - 1) / p])
    objective = _objective(counts, means / level)
    optimum, used, led = fit_by_newton(objective, start, informative=len(counts), penalty=penalty)
    p, q, relative = np.exp(optimum.theta).tolist()
    model = GammaGamma(p, q, relative * level)
    likelihood = optimum.objective if used == 0 else objective(optimum.theta)[0]
    diagnostics = diagnose(
        optimum,
        PARAMETERS,
        log_likelihood=likelihood - len(counts) * float(np.log(level)),
        customers=len(counts),
        groups=len(counts),
        penalty=used,
        degenerate=_degenerate(*np.exp(led).tolist()),
    )
    errors = diagnostics.standard_errors
    errors["gamma"] *= level
    return Fit(model, diagnostics)


def _degenerate(p: float, q: float, gamma: float) -> tuple[str, ...]:
    found = []
    if q <= 1:
        found.append("infinite_mean")
    if p > 1e3:
        found.append("no_variation_of_spend")
    if q > 1e3:
        found.append("no_heterogeneity_of_spend")
    return tuple(found)


def _objective(x: Vector, m: Vector) -> Objective:
    distinct, where = distinct_times(x)
    counts = np.bincount(where).astype(np.float64)
    log_m, spent = np.log(m), x * m
    logs = counts @ (distinct * np.log(distinct)), dot(x, log_m), log_m.sum()
    customers = float(len(x))

    def objective(theta: Vector) -> tuple[float, Vector, Vector]:
        if np.max(np.abs(theta)) > 60:
            return -np.inf, np.zeros(3), np.zeros((3, 3))
        p, q, g = np.exp(theta)
        px = p * distinct
        # Σ of log, 1 ÷ and 1 ÷ square of (γ + spent), and the same weighted with x.
        sums = np.zeros(6)
        for part in blocks(len(x)):
            own, rate = x[part], g + spent[part]
            log_rate, inverse = np.log(rate), 1 / rate
            sums += (
                log_rate.sum(),
                inverse.sum(),
                dot(inverse, inverse),
                dot(own, log_rate),
                dot(own, inverse),
                dot(own, inverse * inverse),
            )
        found = (
            counts @ (gammaln(px + q) - gammaln(px))
            - customers * gammaln(q)
            + customers * q * np.log(g)
            + p * logs[1]
            - logs[2]
            + p * logs[0]
            - p * sums[3]
            - q * sums[0]
        )
        psi, tri = digamma(px + q), polygamma(1, px + q)
        gradient = np.array(
            [
                counts @ (distinct * (psi - digamma(px))) + logs[1] + logs[0] - sums[3],
                counts @ psi - customers * (digamma(q) - np.log(g)) - sums[0],
                customers * q / g - p * sums[4] - q * sums[1],
            ]
        )
        h = np.empty((3, 3))
        h[0, 0] = counts @ (distinct**2 * (tri - polygamma(1, px)))
        h[0, 1] = h[1, 0] = counts @ (distinct * tri)
        h[1, 1] = counts @ tri - customers * polygamma(1, q)
        h[0, 2] = h[2, 0] = -sums[4]
        h[1, 2] = h[2, 1] = customers / g - sums[1]
        h[2, 2] = -customers * q / g**2 + p * sums[5] + q * sums[2]
        scale = np.array([p, q, g])
        gradient = gradient * scale
        return float(found), gradient, h * np.outer(scale, scale) + np.diag(gradient)

    return objective
