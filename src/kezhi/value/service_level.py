"""The optimal service level: the level at which contribution less the cost of service is highest.

From a company's own customers: what each got (hours to the first answer, share of promises kept), what it
contributed and what serving it cost. Both are fitted as smooth curves of the level; the best level lies
where the first rises no faster than the second (marginal return = marginal cost).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]

LEAST = 60
"""Customers below which nothing is said, and"""
LEAST_LEVELS = 6
"""different levels below which no curve is drawn."""
MOST = 20_000
"""Customers that are looked at; of more, so many are drawn."""
STEPS = 60
UNCLEAR = 0.01
TRIMMED = 0.05


@dataclass(frozen=True, slots=True)
class Curve:
    """A figure per customer over the level, with its interval (at each level of `ServiceLevel.levels`)."""

    fitted: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """Contribution, cost of service and what is left of them over the level, and the best level.

    `verdict`: `inside` (a best point between the ends), `lower_end`, `upper_end` (the best was at the end
    of what customers got: beyond it nobody knows), `flat` (the level makes no difference that can be told:
    an F test of the curve of what is left, `p`, isn't clear at 1 %, or the interval of the best point spans
    more than four fifths of the range). `gain` is what the best point brings per customer against the present
    mean level, with its interval; `share_inside` is how many of the draws had their best point inside.
    """

    levels: tuple[float, ...]
    contribution: Curve
    cost: Curve
    net: Curve
    verdict: str
    best: float
    best_low: float
    best_high: float
    present: float
    gain: float
    gain_low: float
    gain_high: float
    share_inside: float
    p: float
    customers: int
    draws: int


class NotEnough(ValueError):
    """`why` in a word: `few` customers, or the `same` level for nearly all."""

    def __init__(self, why: str, found: int, needed: int) -> None:
        super().__init__(
            f"{found} customers are too few: {needed} are needed"
            if why == "few"
            else f"{found} different levels are too few to draw a curve: {needed} are needed"
        )
        self.why, self.found, self.needed = why, found, needed


def service_level(
    levels: ArrayLike,
    contributions: ArrayLike,
    costs: ArrayLike,
    groups: Sequence[object] | None = None,
    *,
    level: float = 0.80,
    draws: int = 400,
    seed: int = 1,
) -> ServiceLevel:
    """The best level with its interval, from drawing customers anew (of the same `seed`, the same).

    A row per customer: the level it got, its contribution before the cost of service, and that cost, both
    over the same span. With `groups` (tier, segment) customers are compared within their group only, so
    that good customers who are served better don't make better service look profitable. The outer five
    per cent of levels are left out of the search. Raises NotEnough.

    >>> rng = np.random.default_rng(4)
    >>> hours = rng.uniform(0, 40, 2000)
    >>> brought = 900 - 0.5 * (hours - 10) ** 2 + rng.normal(0, 50, 2000)
    >>> found = service_level(hours, brought, 300 - 4 * hours, draws=50)
    >>> found.verdict, found.best_low < 14 < found.best_high
    ('inside', True)
    """
    data = np.column_stack(
        [np.asarray(one, dtype=np.float64) for one in (levels, contributions, costs)]
    )
    known = np.isfinite(data).all(axis=1)
    data = data[known]
    labels = (
        np.zeros(len(data), dtype=np.int64)
        if groups is None
        else np.unique(np.array([str(one) for one in groups]), return_inverse=True)[1][known]
    )
    if len(data) < LEAST:
        raise NotEnough("few", len(data), LEAST)
    rng = np.random.default_rng(seed)
    count = len(data)
    if count > MOST:
        chosen = rng.choice(count, MOST, replace=False)
        data, labels = data[chosen], labels[chosen]
    low, high = np.quantile(data[:, 0], [TRIMMED, 1 - TRIMMED])
    inside = data[(data[:, 0] >= low) & (data[:, 0] <= high), 0]
    different = len(np.unique(np.round((inside - low) / max(high - low, 1e-12), 6)))
    if high - low <= 1e-9 or different < LEAST_LEVELS:
        raise NotEnough("same", different, LEAST_LEVELS)
    grid = np.linspace(low, high, STEPS + 1)
    whole = _fitted(data, labels, grid, low, high)
    drawn = np.empty((draws, 2, len(grid)))
    for place in range(draws):
        rows = rng.integers(0, len(data), len(data))
        drawn[place] = _fitted(data[rows], labels[rows], grid, low, high)
    p = _matters(data, labels, low, high)
    return _told(grid, whole, drawn, (float(data[:, 0].mean()), level, p, count))


def _basis(levels: Vector, low: float, high: float) -> Vector:
    """A natural cubic spline with five knots (Harrell 2015): straight beyond the outer ones."""
    x = (levels - low) / (high - low)
    knots = np.array([0.05, 0.275, 0.5, 0.725, 0.95])
    last, before = knots[-1], knots[-2]

    def cubed(knot: float) -> Vector:
        return np.asarray(np.maximum(x - knot, 0.0) ** 3)

    columns = [x]
    for knot in knots[:-2]:
        columns.append(
            cubed(knot)
            - cubed(before) * (last - knot) / (last - before)
            + cubed(last) * (before - knot) / (last - before)
        )
    return np.column_stack(columns)


def _fitted(
    data: Vector, labels: NDArray[np.int64], grid: Vector, low: float, high: float
) -> Vector:
    """Contribution and cost at the levels of the grid, for a customer of the mean group."""
    size = np.bincount(labels).astype(np.float64)
    own = np.column_stack([_basis(data[:, 0], low, high), data[:, 1:]])
    means = np.column_stack([np.bincount(labels, column) / np.maximum(size, 1) for column in own.T])
    within = own - means[labels]
    terms = within[:, :-2]
    # A touch of ridge: draws of few customers may leave a knot without any.
    gram = terms.T @ terms + 1e-6 * len(data) * np.eye(terms.shape[1])
    slopes = np.linalg.solve(gram, terms.T @ within[:, -2:])
    at = _basis(grid, low, high) - own[:, :-2].mean(axis=0)
    return np.asarray((at @ slopes + own[:, -2:].mean(axis=0)).T)


def _matters(data: Vector, labels: NDArray[np.int64], low: float, high: float) -> float:
    """How likely what is left would follow the level so closely if it had nothing to do with it."""
    from scipy.special import fdtrc

    size = np.maximum(np.bincount(labels), 1).astype(np.float64)
    own = np.column_stack([_basis(data[:, 0], low, high), data[:, 1] - data[:, 2]])
    own = own - np.column_stack([np.bincount(labels, one) / size for one in own.T])[labels]
    terms, target = own[:, :-1], own[:, -1]
    slopes = np.linalg.lstsq(terms, target, rcond=None)[0]
    left = float(((target - terms @ slopes) ** 2).sum())
    rank = int(np.linalg.matrix_rank(terms.T @ terms))
    free = max(len(data) - rank - len(np.unique(labels)), 1)
    told = float((target**2).sum()) - left
    if left <= 1e-12 * max(told, 1e-300):
        return 0.0 if told > 0 else 1.0
    return float(fdtrc(float(rank), float(free), told / rank / (left / free)))


def _told(
    grid: Vector, whole: Vector, drawn: Vector, about: tuple[float, float, float, int]
) -> ServiceLevel:
    present, level, p, count = about
    edges = [(1 - level) / 2, (1 + level) / 2]
    net, nets = whole[0] - whole[1], drawn[:, 0] - drawn[:, 1]
    best = int(np.argmax(net))
    bests = np.argmax(nets, axis=1)
    last = len(grid) - 1
    share_inside = float(((bests > 0) & (bests < last)).mean())
    now = min(max(present, float(grid[0])), float(grid[-1]))
    place = int(np.argmin(np.abs(grid - now)))
    gains = np.quantile(nets[:, best] - nets[:, place], edges)
    ends = np.quantile(grid[bests], edges)
    verdict = "inside"
    if p > UNCLEAR or ends[1] - ends[0] > 0.8 * (grid[-1] - grid[0]):
        verdict = "flat"
    elif best == 0 or (bests == 0).mean() > 0.5:
        verdict = "lower_end"
    elif best == last or (bests == last).mean() > 0.5:
        verdict = "upper_end"
    return ServiceLevel(
        levels=tuple(grid.tolist()),
        contribution=_curve(whole[0], drawn[:, 0], edges),
        cost=_curve(whole[1], drawn[:, 1], edges),
        net=_curve(net, nets, edges),
        verdict=verdict,
        best=float(grid[best]),
        best_low=float(ends[0]),
        best_high=float(ends[1]),
        present=present,
        gain=float(net[best] - net[place]),
        gain_low=float(gains[0]),
        gain_high=float(gains[1]),
        share_inside=share_inside,
        p=p,
        customers=count,
        draws=len(drawn),
    )


def _curve(fitted: Vector, drawn: Vector, edges: list[float]) -> Curve:
    low, high = np.quantile(drawn, edges, axis=0)
    return Curve(tuple(fitted.tolist()), tuple(low.tolist()), tuple(high.tolist()))
