"""Customers counted by their figures: what every fit of a purchase model starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.potential.fitting import CannotFit, Vector


@dataclass(frozen=True, slots=True)
class Groups:
    """Customers with equal (x, t_x, T) counted once; logs are taken of distinct ages only."""

    weight: Vector
    x: Vector
    shares: Vector  # distinct x and their weights
    counts: Vector
    t_distinct: Vector
    t_index: NDArray[np.intp]
    T_distinct: Vector
    T_index: NDArray[np.intp]

    @property
    def last(self) -> Vector:
        """When the last purchase was, of each group."""
        return self.t_distinct[self.t_index]

    @property
    def age(self) -> Vector:
        """The age of each group."""
        return self.T_distinct[self.T_index]

    @property
    def bought(self) -> float:
        """Repeat purchases of all customers."""
        return float(self.counts @ self.shares)

    @property
    def lived(self) -> float:
        """Ages of all customers, added up."""
        return dot(self.weight, self.age)

    @property
    def customers(self) -> int:
        """How many customers there are, weights counted."""
        return round(float(self.weight.sum()))

    @property
    def repeating(self) -> int:
        """How many of them have bought again."""
        return int(self.counts[self.shares > 0].sum())


MANY_GROUPS = 20_000
"""From here on a fit first finds its way on fewer groups, see `coarser`."""
_PARTS = 48


def coarser(data: Groups) -> Groups:
    """The same customers with times rounded, in far fewer groups: for a start near the optimum."""
    width = float(data.age.max()) / _PARTS
    last, age = (np.rint(own / width).astype(np.int64) for own in (data.last, data.age))
    key, weight = _tally((data.x.astype(np.int64) * 128 + age) * 128 + last, data.weight)
    x, age, last = key // 16_384, key // 128 % 128, key % 128
    times = (np.asarray(own * width, dtype=np.float64) for own in (last, age))
    return _indexed(weight, x.astype(np.float64), *times)


_GRIDS = (1.0, 7.0, 365.25 / 12)  # days in a unit: data on the day grid, in any of the units


def group(x: Vector, t_x: Vector, T: Vector, weights: Vector | None) -> Groups:
    """Customers counted by (x, t_x, T) where times lie on the day grid, else one by one."""
    for days in _GRIDS:
        age, last = np.rint(T * days), np.rint(t_x * days)
        if _on_grid(T * days, age) and _on_grid(t_x * days, last):
            break
    else:
        days = 0.0
    if days:
        whole = int(age.max()) + 1
        key = (x.astype(np.int64) * whole + age.astype(np.int64)) * whole + last.astype(np.int64)
        key, weight = _tally(key, weights)
        t_x, T = (key % whole) / days, (key // whole % whole) / days
        x = (key // whole // whole).astype(np.float64)
    else:
        weight = np.ones_like(x) if weights is None else weights
    return _indexed(weight, x, t_x, T)


def _indexed(weight: Vector, x: Vector, t_x: Vector, T: Vector) -> Groups:
    distinct, where = np.unique(x, return_inverse=True)
    shared = np.bincount(where, weight).astype(np.float64)
    t_distinct, t_index = np.unique(t_x, return_inverse=True)
    T_distinct, T_index = np.unique(T, return_inverse=True)
    return Groups(weight, x, distinct, shared, t_distinct, t_index, T_distinct, T_index)


def _tally(key: NDArray[np.int64], weights: Vector | None) -> tuple[NDArray[np.int64], Vector]:
    """Distinct keys in order, and the weight of each."""
    if int(key.max(initial=0)) < max(1 << 22, 16 * len(key)):  # counting needs no sorting
        counts = np.bincount(key, weights).astype(np.float64)
        found = np.flatnonzero(counts).astype(np.int64)
        return found, counts[found]
    if weights is None:
        found, whole = np.unique(key, return_counts=True)
        return found, whole.astype(np.float64)
    found, place = np.unique(key, return_inverse=True)
    return found, np.bincount(place, weights).astype(np.float64)


def _on_grid(days: Vector, whole: Vector) -> bool:
    # Ages and weeks of billions of days don't occur; the key below must fit 63 bits.
    return bool(np.max(np.abs(days - whole)) < 1e-6 and np.max(whole) < 1_000_000)


def dot(one: Vector, other: Vector) -> float:
    """Σ one · other, the same to the last digit on every machine."""
    # Not by BLAS: its threads cost more than they bring here, and round differently by their number.
    return float(np.einsum("i,i->", one, other))


def read_customers(
    x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weights: ArrayLike | None = None
) -> Groups:
    """Customers in groups, after a check that their figures are possible.

    Raises `CannotFit` where there is nobody or nobody bought twice.
    """
    x, t_x, T = (np.atleast_1d(np.asarray(own, dtype=np.float64)) for own in (x, t_x, T))
    counted: Vector | None = None if weights is None else np.asarray(weights, dtype=np.float64)
    check(x, t_x, T)
    data = group(x, t_x, T, counted)
    if data.bought <= 0 or data.lived <= 0:
        raise CannotFit("no customer has bought a second time: there is no rhythm to estimate")
    return data


def check(x: Vector, t_x: Vector, T: Vector) -> None:
    """Raises where figures are impossible, or there is nobody."""
    if len(x) == 0:
        raise CannotFit("there is no customer to fit a model to")
    if not (np.isfinite(x).all() and np.isfinite(t_x).all() and np.isfinite(T).all()):
        raise ValueError("x, t_x and T must be finite numbers")
    if (x != np.floor(x)).any():
        raise ValueError("x counts purchases: it must be whole")
    if (x < 0).any() or (t_x < 0).any() or (t_x > T * (1 + 1e-12) + 1e-12).any():
        raise ValueError("x ≥ 0 and 0 ≤ t_x ≤ T must hold for every customer")
