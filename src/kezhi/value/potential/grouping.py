"""Customers counted by their figures: what every fit of a purchase model starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.potential.alike import GRIDS, blocks, ranked, whole_days
from kezhi.value.potential.fitting import CannotFit, Vector


@dataclass(frozen=True, slots=True)
class Groups:
    """Customers with equal (x, t_x, T) counted once; logs are taken of distinct ages only."""

    weight: Vector
    x: Vector
    shares: Vector  # distinct x and their weights
    counts: Vector
    x_index: NDArray[np.intp]
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


def group(x: Vector, t_x: Vector, T: Vector, weights: Vector | None) -> Groups:
    """Customers counted by (x, t_x, T) where times lie on the day grid, else one by one."""
    for days in GRIDS:
        age = whole_days(T, days)
        last = None if age is None else whole_days(t_x, days)
        if age is not None and last is not None:
            return _on_days(x, last, age, days, weights)
    return _indexed(np.ones_like(x) if weights is None else weights, x, t_x, T)


def _on_days(
    x: Vector,
    last: NDArray[np.int32],
    age: NDArray[np.int32],
    days: float,
    weights: Vector | None,
) -> Groups:
    """Customers counted by x and days, in the order of x, age and the last purchase."""
    young, wide = int(age.min()), int(last.max()) + 1
    ages = int(age.max()) - young + 1
    key = np.empty(len(x), dtype=np.int64)
    for part in blocks(len(x)):
        own = key[part]
        own[:] = x[part]
        own *= ages
        own += age[part]
        own -= young
        own *= wide
        own += last[part]
    key, weight = _tally(key, weights)
    rest, at = np.divmod(key, wide)
    count, old = np.divmod(rest, ages)
    shares, x_index = ranked(count)
    lasts, t_index = ranked(at)
    olds, T_index = ranked(old)
    counts = np.bincount(x_index, weight, minlength=len(shares)).astype(np.float64)
    return Groups(
        weight,
        count.astype(np.float64),
        shares.astype(np.float64),
        counts,
        x_index,
        lasts / days,
        t_index,
        (olds + young) / days,
        T_index,
    )


def _indexed(weight: Vector, x: Vector, t_x: Vector, T: Vector) -> Groups:
    distinct, where = np.unique(x, return_inverse=True)
    shared = np.bincount(where, weight).astype(np.float64)
    t_distinct, t_index = np.unique(t_x, return_inverse=True)
    T_distinct, T_index = np.unique(T, return_inverse=True)
    return Groups(weight, x, distinct, shared, where, t_distinct, t_index, T_distinct, T_index)


def _tally(key: NDArray[np.int64], weights: Vector | None) -> tuple[NDArray[np.int64], Vector]:
    """Distinct keys in order, and the weight of each."""
    if int(key.max(initial=0)) < max(1 << 22, 16 * len(key)):  # counting needs no sorting
        counts = np.bincount(key, weights)
        found = np.flatnonzero(counts != 0).astype(np.int64)  # of truths: three times as fast
        return found, counts[found].astype(np.float64)
    if weights is None:
        found, whole = np.unique(key, return_counts=True)
        return found, whole.astype(np.float64)
    found, place = np.unique(key, return_inverse=True)
    return found, np.bincount(place, weights).astype(np.float64)


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
    if not len(x) == len(t_x) == len(T):
        raise ValueError("x, t_x and T must be equally long")
    for part in blocks(len(x)):
        own, last, age = x[part], t_x[part], T[part]
        if not all(np.isfinite(numbers).all() for numbers in (own, last, age)):
            raise ValueError("x, t_x and T must be finite numbers")
        if (own != np.floor(own)).any():
            raise ValueError("x counts purchases: it must be whole")
        if own.min() < 0 or last.min() < 0 or (last > age * (1 + 1e-12) + 1e-12).any():
            raise ValueError("x ≥ 0 and 0 ≤ t_x ≤ T must hold for every customer")
