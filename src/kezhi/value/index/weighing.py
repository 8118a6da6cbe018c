"""Judged weights and weights from data in one: w ∝ judged^θ · data^(1−θ)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.index.critic import critic_weights
from kezhi.value.index.entropy import entropy_weights
from kezhi.value.index.merec import merec_weights
from kezhi.value.index.normalise import columns_of

Vector = NDArray[np.float64]
DataMethod = Literal["entropy", "critic", "merec"]


def combine(judged: ArrayLike, data: ArrayLike, theta: float = 0.5) -> Vector:
    """Weights ∝ judged^θ · data^(1−θ): θ = 1 is the judgement alone, θ = 0 the data alone.

    Raises ValueError for weights below 0, and where nothing that was judged differs in the data.

    >>> combine([0.8, 0.2], [0.5, 0.5]).round(4)
    array([0.6667, 0.3333])
    """
    first, second = np.asarray(judged, dtype=np.float64), np.asarray(data, dtype=np.float64)
    if first.shape != second.shape or np.any(first < 0) or np.any(second < 0):
        raise ValueError("two sets of weights of 0 or more are combined, one each per index")
    if not 0 <= theta <= 1:
        raise ValueError("theta lies between 0 (data alone) and 1 (judgement alone)")
    product = first**theta * second ** (1 - theta)
    if product.sum() <= 0:
        raise ValueError("no index has a weight in both: nothing is left to combine")
    weights: Vector = product / product.sum()
    return weights


def simple_sum(data: ArrayLike, weights: ArrayLike) -> Vector:
    """Weighted sum of each row of normalised data; what isn't measured gives its weight to the others.

    >>> simple_sum([[1.0, 0.0], [0.5, np.nan]], [3, 1]).tolist()
    [0.75, 0.5]
    """
    columns = columns_of(data)
    shares = np.where(np.isnan(columns), 0.0, np.asarray(weights, dtype=np.float64))
    total = shares.sum(axis=1)
    found = (shares * np.nan_to_num(columns)).sum(axis=1)
    return np.divide(found, total, out=np.full(len(columns), np.nan), where=total > 0)


def by_data(
    raw: Vector, normalised: Vector, costs: NDArray[np.bool_], method: DataMethod
) -> Vector:
    """Weights of the children of an index by `method`; all 0 where the data can't tell.

    `raw` and `normalised` (0 … 1, 1 is best) are customers × children. Entropy and MEREC are of raw
    data; a child whose raw data they don't admit (negative, or 0 for MEREC) is weighed by its
    normalised column, for MEREC lifted from 0 … 1 to .01 … 1.

    >>> two = np.array([[1.0, 2.0], [4.0, 16.0]])
    >>> by_data(two, two / 16, np.zeros(2, dtype=bool), "entropy").round(6)
    array([0.358889, 0.641111])
    """
    weights = np.zeros(raw.shape[1])
    measured = np.flatnonzero(np.isfinite(raw).sum(axis=0) > 0)
    if len(measured) == 0:
        return weights
    try:
        if method == "critic":
            weights[measured] = critic_weights(normalised[:, measured])
        elif method == "entropy":
            taken = [raw[:, j] if _lowest(raw[:, j]) >= 0 else normalised[:, j] for j in measured]
            weights[measured] = entropy_weights(np.column_stack(taken))
        else:
            plain = np.array([_lowest(raw[:, j]) > 0 for j in measured])
            lifted = 0.01 + 0.99 * normalised[:, measured]
            weights[measured] = merec_weights(
                np.where(plain, raw[:, measured], lifted), costs[measured] & plain
            )
    except ValueError:  # nothing differs, or no customer has all: the data can't tell
        return np.zeros(raw.shape[1])
    return weights


def _lowest(column: Vector) -> float:
    return float(np.nanmin(column))
