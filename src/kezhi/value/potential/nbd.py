"""NBD: customers who never leave. Ehrenberg (1959), Applied Statistics 8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from kezhi.value.potential.fitting import Fit, Vector
from kezhi.value.potential.nbd_fit import fit_lifetime_nbd
from kezhi.value.potential.nbd_lifetime import Curved, LifetimeNBD, Slopes


@dataclass(frozen=True, slots=True)
class NBD(LifetimeNBD):
    """Purchases at random for ever: what a model of leaving has to beat.

    >>> model = NBD(r=0.385, alpha=12.072)
    >>> model.p_alive([0, 2], [0, 30.43], [38.86, 38.86])
    array([1., 1.])
    >>> model.expected_purchases([2], [30.43], [38.86], 39).round(3)
    array([1.826])
    """

    name: ClassVar[str] = "nbd"
    names: ClassVar[tuple[str, ...]] = ("r", "alpha")

    def log_survival(self, t: Vector) -> Vector:
        """Nobody leaves."""
        return np.zeros_like(t)

    def log_density(self, t: Vector) -> Vector:
        """Nobody leaves."""
        return np.full_like(t, -np.inf)

    def variation(self, low: Vector, high: Vector) -> Vector:
        """Nothing varies."""
        return np.zeros_like(low)

    def _alive_and_gone(self, x: Vector, t_x: Vector, T: Vector) -> tuple[Vector, Vector]:
        return -(self.r + x) * np.log(self.alpha + T), np.full_like(T, -np.inf)

    def _log_gone_with(self, n: Vector, R: Vector, T: Vector, t: Vector) -> Vector:
        return np.full_like(t, -np.inf)

    def life_left(self, T: ArrayLike, t: ArrayLike) -> Vector:
        """All of the time."""
        return np.broadcast_arrays(np.asarray(T, np.float64), np.asarray(t, np.float64))[1].copy()

    def draw_life_left(self, rng: np.random.Generator, T: Vector) -> Vector:
        """No end."""
        return np.full(T.shape, np.inf)

    def survival_slopes(self, t: Vector) -> tuple[Slopes, Curved]:
        """There are no parameters of leaving."""
        return (), {}

    def density_slopes(self, t: Vector) -> tuple[Slopes, Curved]:
        """There are no parameters of leaving."""
        return (), {}


def fit(
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    penalty: float | None = None,
) -> Fit[NBD]:
    """Maximum likelihood, with the arguments of `bg_nbd.fit`.

    >>> found = fit([0, 0, 1, 2, 4], [0, 0, 3.0, 20.0, 30.0], [30, 35, 31, 38, 33])
    >>> found.model.name, found.diagnostics.converged
    ('nbd', True)
    """
    return fit_lifetime_nbd(NBD, (), x, t_x, T, weights=weights, penalty=penalty)
