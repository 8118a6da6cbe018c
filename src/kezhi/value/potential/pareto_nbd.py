"""Pareto/NBD: Schmittlein, Morrison & Colombo (1987), Management Science 33."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from kezhi.value.potential.fitting import Fit, Vector
from kezhi.value.potential.nbd_fit import fit_lifetime_nbd
from kezhi.value.potential.nbd_lifetime import Curved, LifetimeNBD, Slopes


@dataclass(frozen=True, slots=True)
class ParetoNBD(LifetimeNBD):
    """Customers leave at any moment, at a rate μ ~ Gamma(s, β): the lifetime is of Pareto's kind.

    >>> model = ParetoNBD(r=0.553, alpha=10.58, s=0.606, beta=11.656)
    >>> model.p_alive([26, 0], [30.86, 0], [31, 39]).round(4)
    array([0.9979, 0.2943])
    >>> model.expected_of_new(52).round(4)
    np.float64(1.4722)
    """

    name: ClassVar[str] = "pareto-nbd"
    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")

    s: float
    beta: float

    @property
    def time_scale(self) -> float:
        """Everything is smooth in log(time_scale + age)."""
        return min(self.alpha, self.beta)

    def log_survival(self, t: Vector) -> Vector:
        """log S(t) = −s · log(1 + t/β)."""
        return np.asarray(-self.s * np.log1p(t / self.beta))

    def log_density(self, t: Vector) -> Vector:
        """log f(t)."""
        return np.asarray(np.log(self.s / self.beta) - (self.s + 1) * np.log1p(t / self.beta))

    def variation(self, low: Vector, high: Vector) -> Vector:
        """f only falls."""
        return np.asarray((self.s + 1) * np.log1p((high - low) / (self.beta + low)))

    def _log_survival_from(self, T: Vector, u: Vector) -> Vector:
        return np.asarray(-self.s * np.log1p(u / (self.beta + T)))

    def life_left(self, T: ArrayLike, t: ArrayLike) -> Vector:
        """(β + T)/(s − 1) · (1 − ((β + T)/(β + T + t))^(s − 1)), with its limit at s = 1."""
        known = self.beta + np.asarray(T, dtype=np.float64)
        grown = np.log1p(np.asarray(t, dtype=np.float64) / known)
        over = self.s - 1
        return np.asarray(known * (-np.expm1(-over * grown) / over if over else grown))

    def draw_life_left(self, rng: np.random.Generator, T: Vector) -> Vector:
        """A draw of the life left of each customer alive at T."""
        with np.errstate(over="ignore"):
            grown = np.expm1(rng.standard_exponential(T.shape) / self.s)
        return np.asarray((self.beta + T) * grown)

    def survival_slopes(self, t: Vector) -> tuple[Slopes, Curved]:
        """Derivatives of log S by s and β."""
        s, beta = self.s, self.beta
        by_beta = t / (beta * (beta + t))
        slopes = (-np.log1p(t / beta), s * by_beta)
        return slopes, {(0, 1): by_beta, (1, 1): -s * by_beta * (1 / beta + 1 / (beta + t))}

    def density_slopes(self, t: Vector) -> tuple[Slopes, Curved]:
        """Derivatives of log f by s and β."""
        s, beta = self.s, self.beta
        inverse = 1 / (beta + t)
        by_beta = 1 / beta - inverse
        slopes = (1 / s - np.log1p(t / beta), s / beta - (s + 1) * inverse)
        once = np.full_like(t, -1 / s**2)
        return slopes, {(0, 0): once, (0, 1): by_beta, (1, 1): (s + 1) * inverse**2 - s / beta**2}


USUAL = (0.7, 0.4)
"""s and β, in mean ages, from which fits start."""


def fit(
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    penalty: float | None = None,
) -> Fit[ParetoNBD]:
    """Maximum likelihood, with the arguments of `bg_nbd.fit`.

    >>> found = fit([0, 0, 1, 2, 4], [0, 0, 3.0, 20.0, 30.0], [30, 35, 31, 38, 33])
    >>> found.model.name, found.diagnostics.converged
    ('pareto-nbd', True)
    """
    return fit_lifetime_nbd(ParetoNBD, USUAL, x, t_x, T, weights=weights, penalty=penalty)
