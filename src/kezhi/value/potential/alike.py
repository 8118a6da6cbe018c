"""Customers whose figures are the same are computed once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.potential.fitting import Vector

_MANY = 2_000  # below, looking for equal ones costs more than it saves


def once_each(
    *figures: ArrayLike,
) -> tuple[tuple[Vector, ...], tuple[int, ...], NDArray[np.intp] | slice]:
    """Distinct rows of the figures as flat arrays, the shape of all, and which row each has.

    >>> (x, T), shape, row = once_each([1, 1, 2], 5.0)
    >>> x[row].reshape(shape), T
    (array([1., 1., 2.]), array([5., 5., 5.]))
    """
    every = np.broadcast_arrays(*(np.asarray(own, dtype=np.float64) for own in figures))
    shape = every[0].shape
    flat = tuple(own.ravel() for own in every)
    if len(flat[0]) < _MANY:
        return flat, shape, slice(None)
    key = np.zeros(len(flat[0]), dtype=np.int64)
    size = 1
    for own in flat:
        if own[0] == own[-1] and (own == own[0]).all():
            continue
        distinct, place = np.unique(own, return_inverse=True)
        if size > (1 << 62) // len(distinct):
            _, key = np.unique(key, return_inverse=True)
            size = int(key.max()) + 1
        key, size = key * len(distinct) + place, size * len(distinct)
    _, first, index = np.unique(key, return_index=True, return_inverse=True)
    return tuple(own[first] for own in flat), shape, index
