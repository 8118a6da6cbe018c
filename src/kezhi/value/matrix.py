"""The value matrix: what customers bring now × their potential value, in four quadrants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

QUADRANTS = ("grow", "keep", "nurture", "self_service")
"""High on both; high current, low potential; low current, high potential; low on both."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """`quadrant` as positions in `QUADRANTS` (-1: not measured), and the borders of both axes."""

    quadrant: NDArray[np.int8]
    current_border: float
    potential_border: float


def measure_across(rows: Mapping[str, Vector]) -> str:
    """The measure that tells what customers bring now: `current_value` once growth is measured.

    Until then potential value is the continuation alone, which current value contains: the one would
    repeat the other, and `contribution_12m` is taken.

    >>> measure_across({"growth_value": np.array([np.nan, np.nan])})
    'contribution_12m'
    """
    return "current_value" if np.isfinite(rows["growth_value"]).any() else "contribution_12m"


def value_matrix(
    current: Vector,
    potential: Vector,
    *,
    current_border: float | None = None,
    potential_border: float | None = None,
) -> Matrix:
    """Quadrants split at the given borders, by default at the medians; a figure on it is high if it
    is above 0: where most customers bring nothing, nothing is the median and still not much.

    >>> found = value_matrix(np.array([9.0, 8.0, 1.0, 0.0]), np.array([5.0, 1.0, 6.0, 0.0]))
    >>> [QUADRANTS[k] for k in found.quadrant]
    ['grow', 'keep', 'nurture', 'self_service']
    """
    known = np.isfinite(current) & np.isfinite(potential)
    first = _border(current[known], current_border)
    second = _border(potential[known], potential_border)
    low_current = (current < first) | (current <= 0)
    low_potential = (potential < second) | (potential <= 0)
    quadrant = (2 * low_current + low_potential).astype(np.int8)
    return Matrix(np.where(known, quadrant, -1).astype(np.int8), first, second)


def _border(known: Vector, border: float | None) -> float:
    if border is not None:
        return border
    return float(np.median(known)) if len(known) else 0.0
