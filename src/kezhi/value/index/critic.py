"""Weights from contrast and conflict of measures: CRITIC (Diakoulaki, Mavrotas & Papayannakis 1995)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.index.normalise import columns_of, min_max
from kezhi.value.ranks import ranks

Vector = NDArray[np.float64]


def information(
    data: ArrayLike,
    *,
    scaled: bool = True,
    correlation: Literal["pearson", "spearman"] = "pearson",
) -> Vector:
    """C_j = σ_j Σ_k (1 − r_jk) of each column; σ is the sample's (n − 1).

    The data are brought to 0 … 1 by min-max first unless `scaled` is False. Correlations are of the
    customers who have both measures. A constant column has no information.

    >>> information([[0, 1], [1, 0]]).round(6)
    array([1.414214, 1.414214])
    """
    columns = columns_of(data)
    if scaled:
        columns = min_max(columns)
    varies = np.array([_varies(one) for one in columns.T])
    found = np.zeros(columns.shape[1])
    for j in np.flatnonzero(varies):
        own = columns[np.isfinite(columns[:, j]), j]
        conflict = sum(
            1 - _correlation(columns[:, j], columns[:, k], correlation)
            for k in np.flatnonzero(varies)
            if k != j
        )
        found[j] = float(own.std(ddof=1)) * float(conflict)
    return found


def critic_weights(
    data: ArrayLike,
    *,
    scaled: bool = True,
    correlation: Literal["pearson", "spearman"] = "pearson",
) -> Vector:
    """w_j ∝ C_j; a constant column gets 0. A single column that varies takes all.

    Raises ValueError where no column differs, or where all say the same.

    >>> critic_weights([[1, 9, 3], [2, 7, 3], [3, 8, 3]]).round(3)
    array([0.5, 0.5, 0. ])
    """
    found = information(data, scaled=scaled, correlation=correlation)
    varies = np.array([_varies(one) for one in columns_of(data).T])
    if varies.sum() == 1:
        return varies.astype(np.float64)
    if found.sum() <= 1e-12:
        raise ValueError(
            "CRITIC can't weigh these measures: "
            + ("they all say the same" if varies.any() else "none differs between customers")
        )
    weights: Vector = found / found.sum()
    return weights


def _varies(column: Vector) -> bool:
    known = column[np.isfinite(column)]
    return len(known) > 1 and bool(known.min() < known.max())


def _correlation(one: Vector, other: Vector, kind: str) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < 2:
        return 0.0
    a, b = one[both], other[both]
    if kind == "spearman":
        a, b = ranks(a), ranks(b)
    a, b = a - a.mean(), b - b.mean()
    spread = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float(np.clip((a * b).sum() / spread, -1.0, 1.0)) if spread > 0 else 0.0
