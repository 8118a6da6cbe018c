"""The naive rule: the past rate of repeat purchases goes on. A candidate in every choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from kezhi.value.potential.fitting import Vector


@dataclass(frozen=True, slots=True)
class Naive:
    """x/T per unit of time, for ever. It has no parameters and no density.

    >>> Naive().expected_purchases([4, 0], [30, 0], [40, 0], 10)
    array([1., 0.])
    """

    name: ClassVar[str] = "naive"

    @property
    def parameters(self) -> dict[str, float]:
        """None."""
        return {}

    def expected_purchases(
        self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Purchases expected within the coming time t; 0 for a customer of age 0."""
        x, T = np.asarray(x, dtype=np.float64), np.asarray(T, dtype=np.float64)
        t = np.asarray(t, dtype=np.float64)
        return np.asarray(np.where(T > 0, x / np.where(T > 0, T, 1.0), 0.0) * t)
