"""Weights from what leaving a measure out changes: MEREC (Keshavarz-Ghorabaee et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.index.normalise import columns_of

Vector = NDArray[np.float64]


def merec_weights(data: ArrayLike, costs: Sequence[bool] | None = None) -> Vector:
    """w_j ∝ Σ_i |S′_ij − S_i|, S_i = ln(1 + Σ_j |ln n_ij| / J), S′_ij the same without column j.

    n = min / x for a benefit, x / max for a cost (`costs[j]`). Customers who lack a measure take no
    part. Raises ValueError for data that aren't above 0 (MEREC is made of ratios), or where no
    customer has all measures, or none differs.

    >>> merec_weights([[450, 8000, 54, 145], [10, 9100, 2, 160], [100, 8200, 31, 153],
    ...     [220, 9300, 1, 162], [5, 8400, 23, 158]], [False, False, True, True]).round(4)
    array([0.5752, 0.0141, 0.4016, 0.0091])
    """
    columns = columns_of(data)
    columns = columns[np.isfinite(columns).all(axis=1)]
    if len(columns) == 0:
        raise ValueError("no customer has all measures: MEREC can't weigh them")
    if np.any(columns <= 0):
        row, column = np.argwhere(columns <= 0)[0]
        raise ValueError(
            f"MEREC needs data above 0: row {row + 1}, column {column + 1} is "
            f"{columns[row, column]:g}"
        )
    is_cost = np.zeros(columns.shape[1], dtype=bool) if costs is None else np.asarray(costs)
    if is_cost.shape != (columns.shape[1],):
        raise ValueError(f"{columns.shape[1]} measures have {is_cost.size} directions")
    distance = np.abs(
        np.where(
            is_cost,
            np.log(columns) - np.log(columns.max(axis=0)),
            np.log(columns.min(axis=0)) - np.log(columns),
        )
    )
    whole = distance.sum(axis=1, keepdims=True)
    measures = columns.shape[1]
    without = np.maximum(whole - distance, 0.0)
    change = np.abs(np.log1p(without / measures) - np.log1p(whole / measures)).sum(axis=0)
    if change.sum() <= 0:
        raise ValueError("no measure differs between customers: MEREC can't weigh them")
    weights: Vector = change / change.sum()
    return weights
