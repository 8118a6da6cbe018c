"""Closeness to the best there is: TOPSIS 优劣解距离法 (Hwang & Yoon 1981)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.index.normalise import columns_of, min_max, vector
from kezhi.value.ranks import ranks

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Closeness:
    """`closeness` 0 … 1 = d⁻ / (d⁺ + d⁻), the distances to the ideal (`d_plus`) and to its opposite,
    and `rank` from the best, 1; equals share the mean of their places. `normalisation` is told with
    the result since it can change the winner."""

    closeness: Vector
    d_plus: Vector
    d_minus: Vector
    rank: Vector
    normalisation: str


def topsis(
    data: ArrayLike,
    weights: Sequence[float] | Vector,
    costs: Sequence[bool] | None = None,
    *,
    normalisation: Literal["vector", "min-max", "none"] = "vector",
) -> Closeness:
    """How close each row of `data` is to the ideal row, the best of every column.

    `weights` are made to add up to 1; `costs[j]` says that less is better. Every row must be complete:
    raises ValueError for missing data and weights that don't fit.

    >>> found = topsis([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6]], [0.3, 0.4, 0.3])
    >>> found.closeness.round(4).tolist(), found.rank.tolist()
    ([0.5037, 0.6581, 0.7482, 0.334], [3.0, 2.0, 1.0, 4.0])
    """
    columns = columns_of(data)
    shares = np.asarray(weights, dtype=np.float64)
    if np.isnan(columns).any():
        row, column = np.argwhere(np.isnan(columns))[0]
        raise ValueError(f"row {row + 1}, column {column + 1} is not measured: TOPSIS needs all")
    if shares.shape != (columns.shape[1],) or np.any(shares < 0) or not shares.sum() > 0:
        raise ValueError(
            f"TOPSIS needs a weight of 0 or more for each of {columns.shape[1]} columns"
        )
    is_cost = np.zeros(len(shares), dtype=bool) if costs is None else np.asarray(costs, dtype=bool)
    if is_cost.shape != shares.shape:
        raise ValueError(f"{len(shares)} columns have {is_cost.size} directions")
    if normalisation == "vector":
        columns = vector(columns)
    elif normalisation == "min-max":
        columns = min_max(columns)
    weighted = columns * (shares / shares.sum()) * np.where(is_cost, -1.0, 1.0)
    d_plus = np.sqrt(((weighted.max(axis=0) - weighted) ** 2).sum(axis=1))
    d_minus = np.sqrt(((weighted - weighted.min(axis=0)) ** 2).sum(axis=1))
    close = closeness_of(d_plus, d_minus)
    return Closeness(close, d_plus, d_minus, ranks(-close), normalisation)


def closeness_of(d_plus: Vector, d_minus: Vector) -> Vector:
    """d⁻ / (d⁺ + d⁻); one half where all rows are equal.

    >>> closeness_of(np.array([1.0, 0.0]), np.array([3.0, 0.0])).tolist()
    [0.75, 0.5]
    """
    both = d_plus + d_minus
    return np.divide(d_minus, both, out=np.full_like(both, 0.5), where=both > 0)
