"""Tiers of customers by score, with hysteresis so that nobody flaps at a border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

NO_TIER = -1
"""The code of a customer who stands in no tier (no score, or not seen before)."""


@dataclass(frozen=True, slots=True)
class Border:
    """A tier and where it ends.

    `until` is, going down from the best customer, the cumulated share of customers (by share) or
    the lowest score that still belongs to the tier (by threshold).
    """

    tier: str
    until: float


@dataclass(frozen=True, slots=True)
class TierSettings:
    """Tiers from best to lowest; the last one takes the rest.

    By share, S takes the top 1 %, A the next 4 %, B the next 15 %, C the next 30 % of customers
    and D the rest (Curry's pyramid). By threshold, a tier begins at a score. A customer who already
    has a tier leaves it when the score has crossed the border by `margin` of the score range, or
    when it lay beyond the border in two runs one after the other.
    """

    by: Literal["share", "threshold"] = "share"
    borders: tuple[Border, ...] = (
        Border("S", 0.01),
        Border("A", 0.05),
        Border("B", 0.20),
        Border("C", 0.50),
    )
    rest: str = "D"
    margin: float = 0.05

    def __post_init__(self) -> None:
        names = self.names
        if len(set(names)) != len(names):
            raise ValueError(f"a tier is named twice: {', '.join(names)}")
        steps = np.diff([border.until for border in self.borders])
        if self.by == "share" and np.any(steps < 0):
            raise ValueError("shares of tiers are cumulated: each must be at least the one before")
        if self.by == "threshold" and np.any(steps > 0):
            raise ValueError("thresholds of tiers fall from the best to the lowest")

    @property
    def names(self) -> tuple[str, ...]:
        """The tiers from best to lowest."""
        return (*(border.tier for border in self.borders), self.rest)


@dataclass(frozen=True, slots=True)
class Tiering:
    """`tier` and `pending` as positions in `names` (-1: none), and the border scores of this run.

    `pending` is the tier that a customer would be in without hysteresis, where it differs.
    """

    names: tuple[str, ...]
    tier: NDArray[np.int8]
    pending: NDArray[np.int8]
    floors: tuple[float, ...]


def assign_tiers(
    score: NDArray[np.float64],
    settings: TierSettings | None = None,
    *,
    previous: NDArray[np.int8] | None = None,
    previous_pending: NDArray[np.int8] | None = None,
    tie_break: NDArray[np.float64] | None = None,
) -> Tiering:
    """Tier of each customer by `score`; customers without a score (NaN) get none.

    Equal scores are ordered by `tie_break`, then by position. `previous` and `previous_pending` are
    the positions of the last run; without them every customer takes the tier of the score.

    >>> tiering = assign_tiers(np.arange(100.0))
    >>> [int((tiering.tier == k).sum()) for k in range(5)]
    [1, 4, 15, 30, 50]
    """
    settings = settings or TierSettings()
    fresh, floors = _by_score(np.asarray(score, dtype=np.float64), settings, tie_break)
    nobody = np.full(len(fresh), NO_TIER, dtype=np.int8)
    if previous is None:
        return Tiering(settings.names, fresh, nobody, floors)
    held = np.asarray(previous, dtype=np.int8)
    waiting = nobody if previous_pending is None else np.asarray(previous_pending, dtype=np.int8)
    moves = _may_move(score, fresh, held, waiting, floors, settings.margin)
    tier = np.where(moves, fresh, held).astype(np.int8)
    pending = np.where((tier != fresh) & (fresh != NO_TIER), fresh, NO_TIER).astype(np.int8)
    return Tiering(settings.names, tier, pending, floors)


def _by_score(
    score: NDArray[np.float64], settings: TierSettings, tie_break: NDArray[np.float64] | None
) -> tuple[NDArray[np.int8], tuple[float, ...]]:
    tier = np.full(len(score), NO_TIER, dtype=np.int8)
    known = np.flatnonzero(np.isfinite(score))
    if settings.by == "threshold":
        floors = tuple(border.until for border in settings.borders)
        tier[known] = sum((score[known] < floor).astype(np.int8) for floor in floors)
        return tier, floors
    second = np.zeros(len(known)) if tie_break is None else np.nan_to_num(tie_break[known])
    order = known[np.lexsort((known, -second, -score[known]))]
    ends = [int(np.floor(border.until * len(order) + 0.5)) for border in settings.borders]
    tier[order] = np.searchsorted(ends, np.arange(len(order)), side="right").astype(np.int8)
    ranked = score[order]
    # A border lies half-way between the last customer inside and the first one outside.
    floors = tuple(_between(ranked, end) for end in ends)
    return tier, floors


def _between(ranked: NDArray[np.float64], end: int) -> float:
    if len(ranked) == 0:
        return float("nan")
    if end <= 0:
        return float(ranked[0])
    if end >= len(ranked):
        return float(ranked[-1])
    return float((ranked[end - 1] + ranked[end]) / 2)


def _may_move(
    score: NDArray[np.float64],
    fresh: NDArray[np.int8],
    held: NDArray[np.int8],
    waiting: NDArray[np.int8],
    floors: tuple[float, ...],
    margin: float,
) -> NDArray[np.bool_]:
    """Whether a customer takes the fresh tier: new, gone, far beyond, or beyond once more."""
    known = np.isfinite(score)
    span = float(np.ptp(score[known])) if known.any() else 0.0
    lines = np.array([*floors, -np.inf])
    rises, falls = fresh < held, fresh > held
    # Rising crosses the floor of the tier above the held one, falling the held tier's own.
    above = lines[np.clip(held - 1, 0, len(lines) - 1)]
    own = lines[np.clip(held, 0, len(lines) - 1)]
    far = np.where(rises, score - above, own - score) >= margin * span
    again = (rises & (waiting != NO_TIER) & (waiting < held)) | (falls & (waiting > held))
    unseen = (held == NO_TIER) | (fresh == NO_TIER)
    return np.asarray(unseen | ((rises | falls) & (far | again)), dtype=np.bool_)
