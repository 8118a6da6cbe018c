"""Sums by code, in the order of the rows: the same digits in every run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def sum_by(codes: NDArray[np.integer], amounts: Vector, size: int) -> Vector:
    """The sum of `amounts` for each of the codes 0 … size − 1.

    >>> sum_by(np.array([1, 1, 2]), np.array([1.0, 2.0, 5.0]), 4)
    array([0., 3., 5., 0.])
    """
    return np.asarray(np.bincount(codes, amounts, minlength=size), dtype=np.float64)
