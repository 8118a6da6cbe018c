"""The value matrix: current value × potential value, in four quadrants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

QUADRANTS = ("star", "harvest", "build", "watch")
"""High on both; high current, low potential; low current, high potential; low on both."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """`quadrant` as positions in `QUADRANTS` (-1: not measured), and the borders of both axes."""

    quadrant: NDArray[np.int8]
    current_border: float
    potential_border: float


def value_matrix(
    current: Vector,
    potential: Vector,
    *,
    current_border: float | None = None,
    potential_border: float | None = None,
) -> Matrix:
    """Quadrants split at the given borders, by default at the medians; a figure on it is high.

    >>> found = value_matrix(np.array([9.0, 8.0, 1.0, 0.0]), np.array([5.0, 1.0, 6.0, 0.0]))
    >>> [QUADRANTS[k] for k in found.quadrant]
    ['star', 'harvest', 'build', 'watch']
    """
    known = np.isfinite(current) & np.isfinite(potential)
    first = _border(current[known], current_border)
    second = _border(potential[known], potential_border)
    low_current, low_potential = current < first, potential < second
    quadrant = (2 * low_current + low_potential).astype(np.int8)
    return Matrix(np.where(known, quadrant, -1).astype(np.int8), first, second)


def _border(known: Vector, border: float | None) -> float:
    if border is not None:
        return border
    return float(np.median(known)) if len(known) else 0.0
