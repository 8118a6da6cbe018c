"""Tiers of customers by score, with hysteresis so that nobody flaps at a border."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kezhi.value.clusters import clusters

NO_TIER = -1
"""The code of a customer who stands in no tier (no score, or not seen before)."""


@dataclass(frozen=True, slots=True)
class Border:
    """A tier and where it ends.

    `until` is, going down from the best customer, the cumulated share of customers (by share) or of
    what they are worth (by value), or the lowest score that still belongs to the tier (by threshold).
    By clusters it isn't read: the scores themselves say where they part.
    """

    tier: str
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class TierSettings:
    """Tiers from best to lowest; the last one takes the rest.

    By share, S takes the top 1 %, A the next 4 %, B the next 15 %, C the next 30 % of customers
    and D the rest (Curry's pyramid). By value, a tier ends with the customer who brings the best so far
    to its share of what all are worth (80/20). By threshold, a tier begins at a score. By clusters, the
    scores are parted where that leaves the least variance within tiers (`kezhi.value.clusters`); fewer
    distinct scores than tiers fill the best tiers.

    A customer who already has a tier leaves it when the score has crossed the border by `margin` of
    the score range, or when it lay beyond the border in two runs one after the other.
    """

    by: Literal["share", "threshold", "value", "clusters"] = "share"
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
        if self.by not in ("share", "threshold", "value", "clusters"):
            raise ValueError(f"tiers go by share, threshold, value or clusters, not by {self.by!r}")
        steps = np.diff([border.until for border in self.borders])
        if self.by in ("share", "value") and np.any(steps < 0):
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
    worth: NDArray[np.float64] | None = None,
) -> Tiering:
    """Tier of each customer by `score`; customers without a score (NaN) get none.

    Equal scores are ordered by `tie_break`, then by position. `previous` and `previous_pending` are
    the positions of the last run; without them every customer takes the tier of the score. `worth` is
    what tiers by value add up (below 0 counts 0); without it the score itself.

    >>> tiering = assign_tiers(np.arange(100.0))
    >>> [int((tiering.tier == k).sum()) for k in range(5)]
    [1, 4, 15, 30, 50]
    """
    settings = settings or TierSettings()
    fresh, floors = _by_score(np.asarray(score, dtype=np.float64), settings, tie_break, worth)
    nobody = np.full(len(fresh), NO_TIER, dtype=np.int8)
    if previous is None:
        return Tiering(settings.names, fresh, nobody, floors)
    held = np.asarray(previous, dtype=np.int8)
    waiting = nobody if previous_pending is None else np.asarray(previous_pending, dtype=np.int8)
    moves = _may_move(score, fresh, held, waiting, floors, settings.margin)
    tier = np.where(moves, fresh, held).astype(np.int8)
    pending = np.where((tier != fresh) & (fresh != NO_TIER), fresh, NO_TIER).astype(np.int8)
    return Tiering(settings.names, tier, pending, floors)


@dataclass(frozen=True, slots=True)
class Override:
    """A tier that somebody gave a customer by hand, through the day `until` (None: for good)."""

    customer: int
    tier: str
    until: date | None = None


def with_overrides(
    tiering: Tiering,
    customers: NDArray[np.int64],
    overrides: Iterable[Override],
    *,
    on: date,
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """The tiers that hold on the day `on`, and whose were given by hand.

    `customers` are the ids in the order of `tiering`, rising. An override that has run out, or is of a
    customer who isn't there, changes nothing. The tier of the score stays in `tiering`: give that to
    the next run, so that hysteresis starts from what the score said. Raises ValueError for a tier that
    is none, and for two overrides of one customer that hold on one day.

    >>> tiering = assign_tiers(np.array([90.0, 10.0]), TierSettings(borders=(Border("S", 0.5),)))
    >>> tier, by_hand = with_overrides(tiering, np.array([7, 8]), [Override(8, "S")],
    ...     on=date(2026, 7, 1))
    >>> tier.tolist(), by_hand.tolist()
    ([0, 0], [False, True])
    """
    tier, by_hand = tiering.tier.copy(), np.zeros(len(tiering.tier), dtype=np.bool_)
    if len(customers) != len(tier):
        raise ValueError("name the customers in the order of the tiers, each one once")
    for override in overrides:
        if override.tier not in tiering.names:
            raise ValueError(
                f"{override.tier!r} is no tier; the tiers are {', '.join(tiering.names)}"
            )
        if override.until is not None and override.until < on:
            continue
        place = int(np.searchsorted(customers, override.customer))
        if place == len(customers) or customers[place] != override.customer:
            continue
        if by_hand[place]:
            raise ValueError(f"customer {override.customer} is given two tiers for the same day")
        tier[place], by_hand[place] = tiering.names.index(override.tier), True
    return tier, by_hand


def _by_score(
    score: NDArray[np.float64],
    settings: TierSettings,
    tie_break: NDArray[np.float64] | None,
    worth: NDArray[np.float64] | None,
) -> tuple[NDArray[np.int8], tuple[float, ...]]:
    tier = np.full(len(score), NO_TIER, dtype=np.int8)
    known = np.flatnonzero(np.isfinite(score))
    if settings.by == "threshold":
        floors = tuple(border.until for border in settings.borders)
        tier[known] = sum((score[known] < floor).astype(np.int8) for floor in floors)
        return tier, floors
    if settings.by == "clusters":
        found = clusters(score[known], len(settings.names))
        held = len(found.centres)
        tier[known] = held - 1 - found.cluster
        lowest = [-np.inf] * (len(settings.borders) - len(found.borders))
        return tier, (*reversed(found.borders), *lowest)
    second = np.zeros(len(known)) if tie_break is None else np.nan_to_num(tie_break[known])
    order = known[np.lexsort((known, -second, -score[known]))]
    ends = _ends(order, settings, score if worth is None else worth)
    tier[order] = np.searchsorted(ends, np.arange(len(order)), side="right").astype(np.int8)
    ranked = score[order]
    # A border lies half-way between the last customer inside and the first one outside.
    floors = tuple(_between(ranked, end) for end in ends)
    return tier, floors


def _ends(order: NDArray[np.intp], settings: TierSettings, worth: NDArray[np.float64]) -> list[int]:
    """How many customers, from the best, stand in each tier or a better one."""
    if settings.by == "share":
        return [int(np.floor(border.until * len(order) + 0.5)) for border in settings.borders]
    amounts = np.maximum(np.nan_to_num(np.asarray(worth, dtype=np.float64)[order]), 0.0)
    total = float(amounts.sum())
    if total <= 0:
        return [0 for _border in settings.borders]
    before = (np.cumsum(amounts) - amounts) / total
    # Who brings the sum to the border is inside; rounding must not let in one more.
    return [int(np.searchsorted(before, border.until - 1e-12)) for border in settings.borders]


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
