"""What drives an answer: importance by standardised regression, Shapley (LMG) and Johnson's weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]

MOST = 15
"""Shapley asks every subset of the drivers: 32,768 regressions at most."""


@dataclass(frozen=True, slots=True)
class Driver:
    """One driver: `beta` standardised slope with its standard error, `correlation` with the outcome.

    `shapley` (Lindeman, Merenda & Gold 1980) and `johnson` (2000) are shares of R² that add up to it:
    of what drivers explain together each gets a fair part, which beta doesn't give them.
    """

    name: str
    correlation: float
    beta: float
    standard_error: float
    shapley: float
    johnson: float


@dataclass(frozen=True, slots=True)
class Drivers:
    """All drivers, R² (and adjusted), and how many respondents had answered everything."""

    drivers: tuple[Driver, ...]
    r_squared: float
    adjusted_r_squared: float
    respondents: int


def drivers(data: ArrayLike, outcome: ArrayLike, names: Sequence[str] | None = None) -> Drivers:
    """How much each column of `data` (respondents × drivers) matters for `outcome`.

    Respondents with a gap take no part. Raises ValueError with too few of them, for more than 15
    drivers, for a column that doesn't differ, and for one that the others determine.

    >>> found = drivers([[1, 0], [2, 1], [3, 0], [4, 1], [5, 1]], [1, 3, 2, 6, 6], ["care", "price"])
    >>> [one.name for one in found.drivers], round(found.r_squared, 3)
    (['care', 'price'], 0.948)
    """
    columns = np.asarray(data, dtype=np.float64)
    columns = columns[:, None] if columns.ndim == 1 else columns
    target = np.asarray(outcome, dtype=np.float64)
    count = columns.shape[1]
    labels = [str(k + 1) for k in range(count)] if names is None else list(names)
    if len(labels) != count or len(target) != len(columns):
        raise ValueError("name every driver, and give the outcome of every respondent")
    if count > MOST:
        raise ValueError(f"{count} drivers are too many to tell apart: choose {MOST} or fewer")
    known = np.isfinite(columns).all(axis=1) & np.isfinite(target)
    rows = int(known.sum())
    if rows < count + 2:
        raise ValueError(
            f"{rows} respondents answered everything: {count} drivers need {count + 2} at least"
        )
    matrix = correlations(np.column_stack([columns, target])[known], [*labels, "the outcome"])
    among, with_target = matrix[:count, :count], matrix[:count, count]
    eigenvalues, axes = np.linalg.eigh(among)
    if eigenvalues[0] < 1e-10:
        raise ValueError("a driver is determined by the others: leave one out")
    inverse = (axes / eigenvalues) @ axes.T
    betas = inverse @ with_target
    r_squared = float(np.clip(betas @ with_target, 0.0, 1.0))
    left = rows - count - 1
    errors = np.sqrt(np.maximum(1 - r_squared, 0.0) / left * np.diag(inverse))
    root = (axes * np.sqrt(eigenvalues)) @ axes.T  # the nearest orthogonal columns, Johnson's Λ
    of_root = np.linalg.solve(root, with_target)
    johnson = (root**2) @ (of_root**2)
    fair = _shapley(among, with_target)
    return Drivers(
        tuple(
            Driver(
                labels[k],
                float(with_target[k]),
                float(betas[k]),
                float(errors[k]),
                float(fair[k]),
                float(johnson[k]),
            )
            for k in range(count)
        ),
        r_squared,
        1 - (1 - r_squared) * (rows - 1) / left,
        rows,
    )


def correlations(columns: Vector, names: Sequence[str]) -> Vector:
    """Pearson's correlations of complete columns; ValueError names one that doesn't differ.

    >>> correlations(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]), ["a", "b"]).round(6).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    away = columns - columns.mean(axis=0)
    spread = np.sqrt((away * away).sum(axis=0))
    flat = np.flatnonzero(spread <= 1e-12 * np.maximum(1.0, np.abs(columns).max(axis=0)))
    if len(flat):
        raise ValueError(f"{names[flat[0]]} is the same for everybody")
    away /= spread
    found = np.einsum("ij,ik->jk", away, away)
    np.fill_diagonal(found, 1.0)
    return np.clip(found, -1.0, 1.0)


def _shapley(among: Vector, with_target: Vector) -> Vector:
    """Mean gain in R² over all orders in which the drivers can come in."""
    count = len(with_target)
    told = np.zeros(1 << count)
    for subset in range(1, 1 << count):
        own = [k for k in range(count) if subset >> k & 1]
        part = with_target[own]
        told[subset] = part @ np.linalg.solve(among[np.ix_(own, own)], part)
    subsets = np.arange(1 << count)
    sizes = np.array([int(one).bit_count() for one in subsets])
    chance = np.array(
        [factorial(k) * factorial(count - k - 1) / factorial(count) for k in range(count)]
    )
    found = np.zeros(count)
    for k in range(count):
        without = subsets[subsets >> k & 1 == 0]
        found[k] = (chance[sizes[without]] * (told[without | 1 << k] - told[without])).sum()
    return found
