"""Measures of different units on one scale. NaN is "not measured" and stays so."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]


def columns_of(data: ArrayLike) -> Vector:
    """`data` as customers × measures; infinite entries count as not measured.

    >>> columns_of([1, 2]).shape
    (2, 1)
    """
    columns = np.asarray(data, dtype=np.float64)
    if columns.ndim == 1:
        columns = columns[:, None]
    if columns.ndim != 2 or columns.size == 0:
        raise ValueError("give a table: a row per customer, a column per measure")
    return np.where(np.isfinite(columns), columns, np.nan)


def winsorised(data: ArrayLike, share: float = 0.01) -> Vector:
    """Each column cut off at its quantiles `share` and 1 − `share`.

    >>> winsorised([0, 1, 2, 3, 100], 0.25)[:, 0].tolist()
    [1.0, 1.0, 2.0, 3.0, 3.0]
    """
    columns = columns_of(data)
    low, high = bounds(columns, share)
    return np.clip(columns, low, high)


def bounds(data: ArrayLike, winsor: float = 0.0) -> tuple[Vector, Vector]:
    """Lowest and highest of each column after winsorising; NaN for a column without data.

    >>> [one.tolist() for one in bounds([[1, 5], [3, 9]])]
    [[1.0, 5.0], [3.0, 9.0]]
    """
    if not 0 <= winsor < 0.5:
        raise ValueError("winsorising cuts a share between 0 and one half at each end")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column without data
        low, high = np.nanquantile(columns_of(data), [winsor, 1 - winsor], axis=0)
    return low, high


def min_max(data: ArrayLike, low: ArrayLike | None = None, high: ArrayLike | None = None) -> Vector:
    """(x − low) / (high − low), cut to 0 … 1; bounds default to the columns' own. Equals: one half.

    >>> min_max([[1, 7], [3, 7], [2, 7]]).tolist()
    [[0.0, 0.5], [1.0, 0.5], [0.5, 0.5]]
    """
    columns = columns_of(data)
    own = bounds(columns) if low is None or high is None else (columns[:1], columns[:1])
    lower = own[0] if low is None else np.asarray(low, dtype=np.float64)
    upper = own[1] if high is None else np.asarray(high, dtype=np.float64)
    width = upper - lower
    share = (columns - lower) / np.where(width > 0, width, 1.0)
    share = np.where(width > 0, share, 0.5 + 0.5 * np.sign(columns - lower))
    return np.clip(share, 0.0, 1.0)


def vector(data: ArrayLike) -> Vector:
    """x / √Σx² by column; a column of zeros stays zero.

    >>> vector([3, 4])[:, 0].tolist()
    [0.6, 0.8]
    """
    columns = columns_of(data)
    return columns / _scale(norms(columns))


def norms(data: ArrayLike) -> Vector:
    """√Σx² of each column.

    >>> norms([3, 4]).tolist()
    [5.0]
    """
    columns = columns_of(data)
    return np.sqrt(np.nansum(columns * columns, axis=0))


def z_scores(data: ArrayLike) -> Vector:
    """(x − mean) / standard deviation of the sample, by column; a constant column is 0.

    >>> z_scores([1, 2, 3])[:, 0].tolist()
    [-1.0, 0.0, 1.0]
    """
    columns = columns_of(data)
    if not np.isfinite(columns).any(axis=0).all():
        raise ValueError("a measure has no data at all")
    away = columns - np.nanmean(columns, axis=0)
    count = np.isfinite(columns).sum(axis=0)
    spread = np.sqrt(np.nansum(away * away, axis=0) / np.maximum(count - 1, 1))
    return away / _scale(spread)


def nearness(data: ArrayLike, target: float) -> Vector:
    """1 at the target, 0 at the customer farthest from it, by column.

    >>> nearness([10, 0, 14], 10)[:, 0].tolist()
    [1.0, 0.0, 0.6]
    """
    away = np.abs(columns_of(data) - target)
    return 1 - away / _scale(bounds(away)[1])


def _scale(spread: Vector) -> Vector:
    return np.where(spread > 0, spread, 1.0)
