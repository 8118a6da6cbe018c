"""Weights from judgements in pairs: the analytic hierarchy process 层次分析法 (Saaty 1980).

A judgement `a[i][j]` says how many times as important i is as j. The weights are the principal
eigenvector; how far the judgements contradict one another is CR = CI / RI, and at CR ≥ 0.10 they are
refused with the judgement that fits the others least, and what would fit. Some judgements may be
left out (Harker 1987), several people may judge (geometric mean, Aczél & Saaty 1983).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Judgements = Sequence[Sequence[float | None]]
"""A square matrix; None (or NaN) where nobody judged the pair."""

SAATY = {1: 0.0, 2: 0.0, 3: 0.58, 4: 0.90, 5: 1.12, 6: 1.24, 7: 1.32, 8: 1.41, 9: 1.45}
"""Random index by number of children (Saaty 1980)."""
LIMIT = 0.10
SLACK = 0.03  # 0.33 against 3 and 0.14 against 7 are meant as reciprocals
DRAWS = 10_000
SEED = 1987
GRADES = np.array([*(1 / k for k in range(9, 1, -1)), *(float(k) for k in range(1, 10))])


@dataclass(frozen=True, slots=True)
class Doubt:
    """The judgement that fits the others least: of the pair `row`, `column` (counted from 0).

    `given` is the judgement, `fits` what the others imply, `grade` the nearest step of Saaty's scale
    (1/9 … 9), and `consistency_ratio` what would be left with `grade` in its place.
    """

    row: int
    column: int
    given: float
    fits: float
    grade: float
    consistency_ratio: float


@dataclass(frozen=True, slots=True)
class Priorities:
    """What a matrix of judgements says.

    `weights` add up to 1. `missing` counts pairs that weren't judged: `random_index` is then simulated
    for just this pattern, since Saaty's is for complete matrices. `doubt` is None where the judgements
    agree (CR below a millionth), or where none can be missed.
    """

    weights: tuple[float, ...]
    lambda_max: float
    consistency_index: float
    random_index: float
    consistency_ratio: float
    missing: int
    doubt: Doubt | None

    @property
    def is_consistent(self) -> bool:
        """Whether the consistency ratio is below .10."""
        return self.consistency_ratio < LIMIT


class Inconsistent(ValueError):
    """Judgements with CR ≥ .10; the message names the worst one and what would fit."""

    def __init__(self, priorities: Priorities, names: Sequence[str] | None = None) -> None:
        self.priorities = priorities
        said = f"the judgements contradict one another: CR = {priorities.consistency_ratio:.3f}"
        doubt = priorities.doubt
        if doubt is not None:
            first, second = (
                str(k + 1) if names is None else names[k] for k in (doubt.row, doubt.column)
            )
            said += (
                f" (below {LIMIT:.2f} is needed); {first} against {second} is judged "
                f"{_ratio(doubt.given)}, the other judgements imply {_ratio(doubt.grade)}"
            )
        super().__init__(said)


def _ratio(judgement: float) -> str:
    return f"{judgement:.3g}" if judgement >= 1 else f"1/{1 / judgement:.3g}"


def priorities(
    judgements: Judgements, random_index: Mapping[int, float] | None = None
) -> Priorities:
    """Weights, consistency and the most doubtful judgement; nothing is refused for being inconsistent.

    Raises ValueError for what is no matrix of judgements: not square, not positive, a diagonal other
    than 1, `a[i][j]` and `a[j][i]` that aren't reciprocal (within 3 %: of a pair the judgement above 1
    counts), more children than the table of random indices has, or children that no chain of
    judgements links.

    >>> found = priorities([[1, 2, 6], [1 / 2, 1, 4], [1 / 6, 1 / 4, 1]])
    >>> [round(w, 4) for w in found.weights], round(found.consistency_ratio, 4)
    ([0.5876, 0.3234, 0.089], 0.0079)
    """
    table = SAATY if random_index is None else random_index
    matrix = _checked(judgements, table)
    found = _measured(matrix, table)
    doubt = _doubt(matrix, table) if found.consistency_ratio > 1e-6 else None
    return Priorities(
        found.weights,
        found.lambda_max,
        found.consistency_index,
        found.random_index,
        found.consistency_ratio,
        found.missing,
        doubt,
    )


def weigh(
    judgements: Judgements,
    random_index: Mapping[int, float] | None = None,
    *,
    names: Sequence[str] | None = None,
) -> Priorities:
    """`priorities`, refused with `Inconsistent` at CR ≥ .10; `names` are used in the message.

    >>> weigh([[1, 2, 1 / 9], [1 / 2, 1, 4], [9, 1 / 4, 1]], names=["price", "speed", "care"])
    Traceback (most recent call last):
    kezhi.value.index.ahp.Inconsistent: the judgements contradict one another: CR = 2.069 \
(below 0.10 is needed); care against price is judged 9, the other judgements imply 1/8
    """
    found = priorities(judgements, random_index)
    if not found.is_consistent:
        raise Inconsistent(found, names)
    return found


def together(
    people: Sequence[Judgements], weights: Sequence[float] | None = None
) -> tuple[tuple[float | None, ...], ...]:
    """One matrix from those of several people: the (weighted) geometric mean of each judgement.

    A pair that some left out is the mean of those who judged it.

    >>> together([[[1, 4], [1 / 4, 1]], [[1, 1], [1, 1]]])
    ((1.0, 2.0), (0.5, 1.0))
    """
    stack = np.stack([_reciprocal(_square(one)) for one in people])
    shares = np.ones(len(stack)) if weights is None else np.asarray(weights, dtype=np.float64)
    if len(shares) != len(stack) or np.any(shares < 0) or shares.sum() <= 0:
        raise ValueError("give every person a weight of 0 or more, and somebody more than 0")
    known = np.isfinite(stack) * shares[:, None, None]
    logs = (np.nan_to_num(np.log(stack)) * shares[:, None, None]).sum(axis=0)
    count = known.sum(axis=0)
    mean = np.exp(np.divide(logs, count, out=np.full_like(logs, np.nan), where=count > 0))
    return tuple(tuple(None if np.isnan(one) else float(one) for one in row) for row in mean)


@dataclass(frozen=True, slots=True)
class Overall:
    """A level of a hierarchy as a whole 层次总排序: weights of what stands lowest, and its CR."""

    weights: tuple[float, ...]
    consistency_index: float
    random_index: float
    consistency_ratio: float


def overall(parents: Sequence[float], children: Sequence[Priorities]) -> Overall:
    """The level below `parents`: Σ a_j w_j, and CR = Σ a_j CI_j / Σ a_j RI_j.

    `parents` are the weights of the level above within the whole. Where every parent judges the same
    alternatives their weights are summed; else the children of one parent follow another's.

    >>> two = priorities([[1, 3], [1 / 3, 1]])
    >>> overall([0.6, 0.4], [two, two]).weights
    (0.75, 0.25)
    """
    shares = np.asarray(parents, dtype=np.float64)
    if len(shares) != len(children):
        raise ValueError(f"{len(shares)} parents have {len(children)} matrices of judgements")
    same = len({len(one.weights) for one in children}) == 1
    if not same:
        raise ValueError("the alternatives must be the same under every criterion; use `level`")
    total = np.einsum("j,jk->k", shares, np.array([one.weights for one in children]))
    return Overall(tuple(total.tolist()), *level(parents, children))


def level(parents: Sequence[float], children: Sequence[Priorities]) -> tuple[float, float, float]:
    """CI, RI and CR of a level whose parents have children of their own each."""
    index = sum(a * one.consistency_index for a, one in zip(parents, children, strict=True))
    chance = sum(a * one.random_index for a, one in zip(parents, children, strict=True))
    return float(index), float(chance), float(index / chance) if chance > 0 else 0.0


def _square(judgements: Judgements) -> Vector:
    matrix = np.array(
        [[np.nan if one is None else one for one in row] for row in judgements], dtype=np.float64
    )
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) == 0:
        raise ValueError("judgements are a square matrix: as many rows as columns")
    return matrix


def _reciprocal(matrix: Vector) -> Vector:
    known = np.isfinite(matrix)
    if np.any(matrix[known] <= 0) or np.any(np.isinf(matrix)):
        raise ValueError("a judgement is a positive number: 3 for three times as important")
    if not np.allclose(np.diag(matrix), 1.0):
        raise ValueError("the diagonal is 1: everything is as important as itself")
    whole = matrix.copy()
    for i, j in combinations(range(len(matrix)), 2):
        one, other = matrix[i, j], matrix[j, i]
        if np.isnan(one) and np.isnan(other):
            continue
        one, other = (1 / other if np.isnan(one) else one), (1 / one if np.isnan(other) else other)
        if abs(one * other - 1) > SLACK:
            raise ValueError(
                f"row {i + 1}, column {j + 1} is {one:g}, but the other way round "
                f"{other:g}: one must be 1 divided by the other"
            )
        whole[i, j], whole[j, i] = (one, 1 / one) if one >= other else (1 / other, other)
    return whole


def _checked(judgements: Judgements, table: Mapping[int, float]) -> Vector:
    matrix = _reciprocal(_square(judgements))
    if len(matrix) not in table:
        raise ValueError(
            f"{len(matrix)} can't be compared in pairs at once, at most {max(table)}: group them"
        )
    loose = _not_reached(np.isfinite(matrix))
    if loose:
        shown = ", ".join(str(k + 1) for k in loose)
        raise ValueError(f"no judgement links {shown} with 1: compare one of them")
    return matrix


def _not_reached(known: NDArray[np.bool_]) -> list[int]:
    reached = np.zeros(len(known), dtype=np.bool_)
    reached[0] = True
    for _ in range(len(known)):
        reached |= known[reached].any(axis=0)
    return np.flatnonzero(~reached).tolist()


def _harker(matrix: Vector) -> Vector:
    """What is missing counts as w_i / w_j: zero there, and one more on the diagonal for each."""
    missing = np.isnan(matrix)
    return np.where(missing, 0.0, matrix) + np.diag(missing.sum(axis=1).astype(np.float64))


def _measured(matrix: Vector, table: Mapping[int, float]) -> Priorities:
    n = len(matrix)
    eigenvalues, vectors = np.linalg.eig(_harker(matrix))
    first = int(np.argmax(eigenvalues.real))
    weights = np.abs(vectors[:, first].real)
    weights /= weights.sum()
    largest = max(float(n), float(eigenvalues[first].real))
    index = (largest - n) / (n - 1) if n > 2 else 0.0
    missing = np.isnan(matrix)
    pairs = int(missing.sum()) // 2
    chance = table[n] if pairs == 0 else _simulated(tuple(map(tuple, missing.tolist())))
    ratio = index / chance if chance > 1e-9 and index > 1e-12 else 0.0
    return Priorities(tuple(weights.tolist()), largest, max(index, 0.0), chance, ratio, pairs, None)


@lru_cache(maxsize=256)
def _simulated(missing: tuple[tuple[bool, ...], ...]) -> float:
    """Mean CI of random judgements on Saaty's scale with the same pairs left out."""
    gaps = np.array(missing)
    n, rng = len(gaps), np.random.default_rng(SEED)
    upper = np.triu_indices(n, 1)
    drawn = np.ones((DRAWS, n, n))
    drawn[:, upper[0], upper[1]] = rng.choice(GRADES, size=(DRAWS, len(upper[0])))
    drawn[:, upper[1], upper[0]] = 1 / drawn[:, upper[0], upper[1]]
    drawn[:, gaps] = 0.0
    drawn[:, np.arange(n), np.arange(n)] += gaps.sum(axis=1)
    largest = np.linalg.eigvals(drawn).real.max(axis=1)
    return max(0.0, float((largest - n).mean() / (n - 1)))


def _doubt(matrix: Vector, table: Mapping[int, float]) -> Doubt | None:
    """The pair whose removal leaves the least inconsistency; equals: the boldest judgement."""
    found: tuple[float, float, float, int, int] | None = None
    ratios: dict[tuple[int, int], float] = {}
    for i, j in combinations(range(len(matrix)), 2):
        if np.isnan(matrix[i, j]):
            continue
        without = matrix.copy()
        without[i, j] = without[j, i] = np.nan
        if _not_reached(np.isfinite(without)):
            continue
        eigenvalues, vectors = np.linalg.eig(_harker(without))
        first = int(np.argmax(eigenvalues.real))
        weights = np.abs(vectors[:, first].real)
        ratios[i, j] = float(weights[i] / weights[j])
        left = round(float(eigenvalues[first].real), 9)
        bold = -round(abs(float(np.log(matrix[i, j]))), 9)
        off_scale = float(not 1 / 9.5 < ratios[i, j] < 9.5)
        if found is None or (left, off_scale, bold) < found[:3]:
            found = (left, off_scale, bold, i, j)
    if found is None:
        return None
    i, j = found[3:]
    fits = ratios[i, j]
    if matrix[i, j] < 1:
        i, j, fits = j, i, 1 / fits
    grade = float(GRADES[np.argmin(np.abs(np.log(GRADES) - np.log(fits)))])
    mended = matrix.copy()
    mended[i, j], mended[j, i] = grade, 1 / grade
    left_over = _measured(mended, table).consistency_ratio
    return Doubt(i, j, float(matrix[i, j]), fits, grade, left_over)
