"""Weights from how unevenly a measure is spread over customers: entropy 熵权法 (Shannon; Zeleny)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.index.normalise import columns_of

Vector = NDArray[np.float64]


def entropies(data: ArrayLike) -> Vector:
    """e_j = −Σ p ln p / ln m of each column of raw, non-negative data, in [0, 1]; 0 · ln 0 = 0.

    NaN is "not measured": m counts the customers who are. A column with fewer than two, or without
    anything above 0, says nothing: its entropy is 1. Raises ValueError for a negative entry.

    >>> entropies([[1, 2], [4, 16]]).round(6)
    array([0.721928, 0.503258])
    """
    columns = columns_of(data)
    known = np.isfinite(columns)
    if np.any(columns[known] < 0):
        row, column = np.argwhere(known & (columns < 0))[0]
        raise ValueError(
            f"entropy needs data of 0 or more: row {row + 1}, column {column + 1} is negative"
        )
    largest = np.where(known, columns, 0.0).max(axis=0)
    amounts = np.where(known, columns, 0.0) / np.where(largest > 0, largest, 1.0)
    total = amounts.sum(axis=0)
    shares = amounts / np.where(total > 0, total, 1.0)
    logs = np.log(np.where(shares > 0, shares, 1.0))
    customers = known.sum(axis=0)
    measured = (customers > 1) & (total > 0)
    entropy = -(shares * logs).sum(axis=0) / np.log(np.maximum(customers, 2))
    return np.where(measured, np.clip(entropy, 0.0, 1.0), 1.0)


def entropy_weights(data: ArrayLike) -> Vector:
    """w_j ∝ 1 − e_j; a constant column gets 0. `data` is customers × measures, raw and ≥ 0.

    Raises ValueError where no column differs between customers.

    >>> entropy_weights([[1, 2], [4, 16]]).round(6)
    array([0.358889, 0.641111])
    """
    found = 1 - entropies(data)
    found = np.where(found > 1e-12, found, 0.0)
    if found.sum() <= 0:
        raise ValueError("no measure differs between customers: entropy can't weigh them")
    weights: Vector = found / found.sum()
    return weights
