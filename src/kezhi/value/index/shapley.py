"""Shares in a score that is no plain sum: Shapley values (Shapley 1953)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]
Scores = Callable[[Vector], Vector]
"""Rows of inputs to one number each."""

EXACT = 12
"""Up to this many inputs all subsets are asked: 4,096 rows for each row of the background."""
DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Shares:
    """`parts` add up to the number of the row less `base`, the mean number over the background.

    `is_exact` is False where permutations were drawn; `standard_errors` tell how well they tell.
    """

    parts: Vector
    base: float
    is_exact: bool
    standard_errors: Vector


def shapley(
    scores: Scores,
    row: ArrayLike,
    background: ArrayLike,
    *,
    exact: int = EXACT,
    draws: int = DRAWS,
    seed: int = 1,
) -> Shares:
    """What each input of `row` adds against `background`: one row, or several that are averaged over.

    >>> found = shapley(lambda rows: rows[:, 0] * rows[:, 1], [2.0, 3.0], [0.0, 0.0])
    >>> found.parts.tolist(), found.base
    ([3.0, 3.0], 0.0)
    """
    own = np.asarray(row, dtype=np.float64)
    rest = np.atleast_2d(np.asarray(background, dtype=np.float64))
    if rest.shape[1] != len(own):
        raise ValueError(f"the background has {rest.shape[1]} inputs, the row {len(own)}")
    if len(own) <= exact:
        return _by_subsets(scores, own, rest)
    return _by_permutations(scores, own, rest, draws, seed)


def _means(scores: Scores, masks: NDArray[np.bool_], own: Vector, rest: Vector) -> Vector:
    """The mean number for each mask: inputs inside are the row's, outside the background's."""
    total = np.zeros(len(masks))
    for one in rest:
        total += scores(np.where(masks, own, one))
    return total / len(rest)


def _by_subsets(scores: Scores, own: Vector, rest: Vector) -> Shares:
    n = len(own)
    subsets = np.arange(1 << n)
    masks = (subsets[:, None] >> np.arange(n)) & 1 == 1
    found = _means(scores, masks, own, rest)
    sizes = masks.sum(axis=1)
    chance = np.array([factorial(k) * factorial(n - k - 1) / factorial(n) for k in range(n)])
    parts = np.zeros(n)
    for j in range(n):
        without = subsets[~masks[:, j]]
        gain = found[without | (1 << j)] - found[without]
        parts[j] = float((chance[sizes[without]] * gain).sum())
    return Shares(parts, float(found[0]), True, np.zeros(n))


def _by_permutations(scores: Scores, own: Vector, rest: Vector, draws: int, seed: int) -> Shares:
    """Every order is taken forwards and backwards: the sum stays exact and the noise falls."""
    n, rng = len(own), np.random.default_rng(seed)
    first = np.argsort(rng.random((max(1, draws // 2), n)), axis=1)
    orders = np.concatenate([first, first[:, ::-1]])
    gains = np.zeros(orders.shape)
    masks = np.zeros(orders.shape, dtype=np.bool_)
    rows = np.arange(len(orders))
    base = before = _means(scores, masks, own, rest)
    for place in range(n):
        masks[rows, orders[:, place]] = True
        after = _means(scores, masks, own, rest)
        gains[rows, orders[:, place]] = after - before
        before = after
    pairs = (gains[: len(first)] + gains[len(first) :]) / 2
    errors = (
        pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs)) if len(pairs) > 1 else np.full(n, np.nan)
    )
    return Shares(gains.mean(axis=0), float(base[0]), False, errors)
