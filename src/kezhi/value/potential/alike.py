"""Customers whose figures are the same are computed once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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
        distinct, place = distinct_times(own)
        if size > (1 << 62) // len(distinct):
            _, key = np.unique(key, return_inverse=True)
            size = int(key.max()) + 1
        key, size = key * len(distinct) + place, size * len(distinct)
    keys, index = ranked(key)
    first = first_places(index, len(keys))
    return tuple(own[first] for own in flat), shape, index


GRIDS = (1.0, 7.0, 365.25 / 12)  # days in a unit: data on the day grid, in any of the units
_BLOCK = 1 << 14  # rows that stay in the processor's cache while they are worked on


def blocks(rows: int) -> Iterator[slice]:
    """Parts of so many rows: large arrays are worked on part by part, within the cache."""
    for start in range(0, rows, _BLOCK):
        yield slice(start, min(start + _BLOCK, rows))


def whole_days(times: Vector, days: float) -> NDArray[np.int32] | None:
    """Times in days, `days` of them being a unit; None where they don't lie on the day grid.

    >>> whole_days(np.array([0.0, 2 / 7, 1.0]), 7.0), whole_days(np.array([0.5]), 1.0)
    (array([0, 2, 7], dtype=int32), None)
    """
    # Ages of billions of days don't occur; keys of them must fit 63 bits.
    whole = np.empty(len(times), dtype=np.int32)
    for part in blocks(len(times)):
        scaled = times[part] * days
        near = np.rint(scaled)
        scaled -= near
        np.abs(scaled, out=scaled)
        if not (scaled.max() < 1e-6 and near.min() > -1_000_000 and near.max() < 1_000_000):
            return None
        whole[part] = near
    return whole


def ranked(numbers: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Distinct whole numbers in order, and the place of each; like `np.unique`, mostly unsorted.

    >>> ranked(np.array([7, 3, 7]))
    (array([3, 7]), array([1, 0, 1]))
    """
    least = int(numbers.min(initial=0))
    reach = int(numbers.max(initial=0)) - least
    if reach > 8 * len(numbers) + 1024:
        found, place = np.unique(numbers, return_inverse=True)
        return found.astype(np.int64), place
    present = np.zeros(reach + 1, dtype=np.bool_)
    numbers = numbers - least if least else numbers
    present[numbers] = True
    places = np.cumsum(present) - 1
    return np.flatnonzero(present).astype(np.int64) + least, places[numbers]


def distinct_times(times: Vector) -> tuple[Vector, NDArray[np.intp]]:
    """Distinct times (or counts) in order, and the place of each; those on the day grid unsorted."""
    if len(times) >= _MANY:
        for days in GRIDS:
            whole = whole_days(times, days)
            if whole is not None:
                found, place = ranked(whole)
                distinct = np.empty(len(found))
                distinct[place] = times
                return distinct, place
    return np.unique(times, return_inverse=True)


def first_places(place: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Where each of `count` numbers stands first.

    >>> first_places(np.array([1, 0, 1]), 2)
    array([1, 0])
    """
    first = np.empty(count, dtype=np.intp)
    first[place[::-1]] = np.arange(len(place) - 1, -1, -1)  # of equal places the last one stays
    return first
