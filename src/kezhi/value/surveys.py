"""What surveys say: satisfaction index, NPS, SERVQUAL, Kano.

Answers are respondents × items, NaN where nothing was answered (`kezhi.value.survey_answers`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]

DRAWS = 1000


def _table(answers: ArrayLike) -> Vector:
    columns = np.asarray(answers, dtype=np.float64)
    columns = columns[:, None] if columns.ndim == 1 else columns
    if columns.ndim != 2 or columns.size == 0:
        raise ValueError("nobody answered: give a table of respondents × items")
    return columns


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """An index 0 … 100 with its bootstrap interval, and the items' means behind it.

    `low` and `high` are None with fewer than two respondents.
    """

    index: float
    low: float | None
    high: float | None
    means: tuple[float, ...]
    weights: tuple[float, ...]
    respondents: int


def satisfaction_index(
    answers: ArrayLike,
    weights: Sequence[float] | None = None,
    *,
    low: float = 1.0,
    high: float = 10.0,
    level: float = 0.80,
    draws: int = DRAWS,
    seed: int = 1,
) -> Satisfaction:
    """CSI = Σ w_i (x̄_i − low) / ((high − low) Σ w_i) × 100 (ACSI: Fornell et al. 1996).

    `weights` are by importance (for ACSI the unstandardised PLS weights), by default equal. An item's
    mean is of those who answered it; one that nobody answered gives its weight to the others.

    >>> round(satisfaction_index([[8, 9, 7], [6, 7, 9]], [0.5, 0.3, 0.2]).index, 6)
    72.222222
    """
    columns = _table(answers)
    shares = np.ones(columns.shape[1]) if weights is None else np.asarray(weights, dtype=np.float64)
    if shares.shape != (columns.shape[1],) or np.any(shares < 0) or not shares.sum() > 0:
        raise ValueError(f"{columns.shape[1]} items need a weight of 0 or more each")
    known = columns[np.isfinite(columns)]
    if len(known) == 0:
        raise ValueError("nobody answered any item")
    if not low < high or known.min() < low or known.max() > high:
        raise ValueError(f"answers lie on the scale from {low:g} to {high:g}")
    columns = columns[np.isfinite(columns).any(axis=1)]

    def index(rows: NDArray[np.intp]) -> float:
        means = _means(columns[rows])
        own = np.where(np.isnan(means), 0.0, shares)
        return float((own * np.nan_to_num(means - low)).sum() / (high - low) / own.sum() * 100)

    count = len(columns)
    rng = np.random.default_rng(seed)
    drawn = [index(rng.integers(0, count, count)) for _draw in range(draws if count > 1 else 0)]
    edges = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]) if drawn else (None, None)
    return Satisfaction(
        index=index(np.arange(count)),
        low=None if edges[0] is None else float(edges[0]),
        high=None if edges[1] is None else float(edges[1]),
        means=tuple(_means(columns).tolist()),
        weights=tuple((shares / shares.sum()).tolist()),
        respondents=count,
    )


def _means(columns: Vector) -> Vector:
    count = np.isfinite(columns).sum(axis=0)
    total = np.nansum(columns, axis=0)
    return np.divide(total, count, out=np.full(columns.shape[1], np.nan), where=count > 0)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Net promoter score in points (−100 … 100): % of 9-10 less % of 0-6, and how sure it is.

    `variance` is of the score in squared points; `low` and `high` are score ± z · its root.
    """

    score: float
    promoters: float
    passives: float
    detractors: float
    variance: float
    low: float
    high: float
    respondents: int


def net_promoter_score(answers: ArrayLike, *, level: float = 0.80) -> Recommendation:
    """NPS of answers 0 … 10 (Reichheld 2003); variance (p + d − (p − d)²) / n.

    >>> found = net_promoter_score([10, 9, 8, 7, 3])
    >>> round(found.score, 9), round(found.variance, 6)
    (20.0, 1120.0)
    """
    from statistics import NormalDist

    known = np.asarray(answers, dtype=np.float64).ravel()
    known = known[np.isfinite(known)]
    if len(known) == 0 or known.min() < 0 or known.max() > 10:
        raise ValueError("the question of recommending is answered from 0 to 10")
    p, d = float((known >= 9).mean()), float((known <= 6).mean())
    variance = (p + d - (p - d) ** 2) / len(known) * 1e4
    reach = NormalDist().inv_cdf((1 + level) / 2) * variance**0.5
    score = 100 * (p - d)
    return Recommendation(
        score,
        100 * p,
        100 * (1 - p - d),
        100 * d,
        variance,
        max(-100.0, score - reach),
        min(100.0, score + reach),
        len(known),
    )


DIMENSIONS = ("tangibles", "reliability", "responsiveness", "assurance", "empathy")
"""有形性、可靠性、响应性、保证性、移情性."""


@dataclass(frozen=True, slots=True)
class ServiceGap:
    """Perception less expectation of a dimension: below 0, the service stays behind."""

    dimension: str
    expectation: float
    perception: float
    gap: float
    weight: float
    items: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ServiceQuality:
    """The gaps of the dimensions, their plain mean and their mean by weight."""

    dimensions: tuple[ServiceGap, ...]
    gap: float
    weighted_gap: float
    respondents: int


def servqual(
    expectations: ArrayLike,
    perceptions: ArrayLike,
    dimensions: Sequence[str],
    weights: Mapping[str, float] | None = None,
) -> ServiceQuality:
    """Gaps of service quality (Parasuraman, Zeithaml & Berry 1988); `dimensions` names each item's.

    A respondent counts for an item with both answers. `weights` are points by dimension, as people
    share out 100 of them; without, all weigh the same.

    >>> servqual([[7, 6]], [[5, 6]], ["reliability", "empathy"]).gap
    -1.0
    """
    wanted, got = _table(expectations), _table(perceptions)
    if wanted.shape != got.shape or len(dimensions) != wanted.shape[1]:
        raise ValueError("expectations and perceptions are of the same items, each in a dimension")
    both = np.isfinite(wanted) & np.isfinite(got)
    wanted, got = np.where(both, wanted, np.nan), np.where(both, got, np.nan)
    expected, seen = _means(wanted), _means(got)
    if not np.isfinite(expected).all():
        raise ValueError("an item has no respondent with both expectation and perception")
    names = list(dict.fromkeys(dimensions))
    lacking = [name for name in names if weights is not None and name not in weights]
    if lacking:
        raise ValueError(f"the dimension {lacking[0]!r} has no weight")
    shares = np.array([1.0 if weights is None else weights[name] for name in names])
    if np.any(shares < 0) or not shares.sum() > 0:
        raise ValueError("dimensions weigh 0 or more, and one of them more than 0")
    found = []
    for name, share in zip(names, shares / shares.sum(), strict=True):
        own = [k for k, one in enumerate(dimensions) if one == name]
        first, second = float(expected[own].mean()), float(seen[own].mean())
        items = tuple((seen[own] - expected[own]).tolist())
        found.append(ServiceGap(name, first, second, second - first, float(share), items))
    gaps = np.array([one.gap for one in found])
    return ServiceQuality(
        tuple(found),
        float(gaps.mean()),
        float((gaps * shares).sum() / shares.sum()),
        int(both.any(axis=1).sum()),
    )


KANO = ("must_be", "one_dimensional", "attractive", "indifferent", "reverse", "questionable")
"""必备 M, 期望 O, 魅力 A, 无差异 I, 反向 R, 可疑 Q. Ties go to the first (M > O > A > I, Berger 1993)."""
_M, _O, _A, _I, _R, _Q = range(6)
_TABLE = np.array(
    [
        [_Q, _A, _A, _A, _O],
        [_R, _I, _I, _I, _M],
        [_R, _I, _I, _I, _M],
        [_R, _I, _I, _I, _M],
        [_R, _R, _R, _R, _Q],
    ]
)


@dataclass(frozen=True, slots=True)
class KanoFeature:
    """What a feature is to its respondents, and Better and Worse: None where all are reverse.

    `counts` are in the order of `KANO`. `better` = (A + O) / (A + O + M + I) is what having it adds to
    satisfaction, `worse` = −(O + M) / (A + O + M + I) what lacking it takes away.
    """

    category: str
    counts: tuple[int, ...]
    better: float | None
    worse: float | None
    respondents: int


def kano(functional: ArrayLike, dysfunctional: ArrayLike) -> KanoFeature:
    """Category of one feature (Kano 1984): answers to "if we have it" and "if we don't have it".

    1 I like it, 2 I expect it, 3 I don't mind, 4 I can live with it, 5 I dislike it.

    >>> found = kano([1, 1, 2, 1], [5, 5, 5, 3])
    >>> found.category, found.better, found.worse
    ('one_dimensional', 0.75, -0.75)
    """
    with_it = np.asarray(functional, dtype=np.float64)
    without = np.asarray(dysfunctional, dtype=np.float64)
    if with_it.shape != without.shape:
        raise ValueError("every respondent answers both questions")
    both = np.isfinite(with_it) & np.isfinite(without)
    pairs = np.stack([with_it[both], without[both]])
    if not np.isin(pairs, [1, 2, 3, 4, 5]).all():
        raise ValueError("answers to Kano's questions are 1, 2, 3, 4 or 5")
    if pairs.shape[1] == 0:
        raise ValueError("nobody answered both questions")
    first, second = pairs.astype(np.int64) - 1
    counts = np.bincount(_TABLE[first, second], minlength=6)
    told = int(counts[: _I + 1].sum())
    better = float(counts[_A] + counts[_O]) / told if told else None
    worse = -float(counts[_O] + counts[_M]) / told if told else None
    return KanoFeature(
        KANO[int(np.argmax(counts))], tuple(counts.tolist()), better, worse, pairs.shape[1]
    )
