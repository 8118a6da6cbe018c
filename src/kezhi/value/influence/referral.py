"""Referral value (Kumar, Petersen & Leone 2010): what customers bring by recommending.

For each customer who was referred and wouldn't have come otherwise (the incremental ones)

    Σ margin after cost to serve / (1 + d)^t − reward + saved acquisition cost,

for the others saved acquisition cost − reward; t in years since the referral, over a window. Of each
referred customer the share who "would have come anyway" is a probability, so that both parts add up.

Influence reallocates or stands beside, it is never added to the total: the *memo* stands beside the
own value; the *transfer view* gives referrers what it takes from the referred, so that Σ own value
stays the company's total. Generations weigh (1 − λ)λ^(g−1): the referrer of a referrer has a part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.durations import DAYS, DAYS_PER_YEAR
from kezhi.value.influence.lineage import MOST_GENERATIONS, LeftOut, Lineage, lineage
from kezhi.value.realised import Lines
from kezhi.value.sums import sum_by

Vector = NDArray[np.float64]

NEGLIGIBLE = 1e-12
"""Generations that weigh less in all are not followed any more."""


@dataclass(frozen=True, slots=True)
class ReferralSettings:
    """Money in the reporting currency.

    `window_months`: how long after the referral contributions count. `share_anyway`: probability
    that a referred customer would have come anyway. `generation_decay` is λ.
    """

    window_months: float = 12.0
    annual_rate: float = 0.10
    share_anyway: float = 0.5
    saved_acquisition: float = 0.0
    reward: float = 0.0
    generation_decay: float = 0.5

    def __post_init__(self) -> None:
        if not self.window_months > 0:
            raise ValueError(f"window_months is {self.window_months}: it must be positive")
        if not self.annual_rate > -1:
            raise ValueError(f"annual_rate is {self.annual_rate}: it must be more than -1")
        if not 0 <= self.share_anyway <= 1:
            raise ValueError(f"share_anyway is {self.share_anyway}: it is a share from 0 to 1")
        if not 0 <= self.generation_decay < 1:
            raise ValueError(
                f"generation_decay is {self.generation_decay}: it is at least 0 and less than 1"
            )


@dataclass(frozen=True, slots=True)
class Referrals:
    """Who referred whom, by customer code, on which day since 1970-01-01.

    `weights` share a customer among several referrers, equally where None.
    """

    referrer: NDArray[np.int32]
    referred: NDArray[np.int32]
    days: NDArray[np.int32]
    weights: Vector | None = None


@dataclass(frozen=True, slots=True)
class ReferralValue:
    """Per customer, money. `of_referred` is what a referred customer's coming was worth.

    `incremental` and `others` are its two parts. `direct` is credited to the referrers, undiminished
    (Kumar, Petersen & Leone's figure); `received` and `given` follow the generations, Σ received =
    Σ given. `referred_count` counts those whom a customer brought, in parts where they had several
    referrers; `several` is how many had. `left_out` are referrals that close a circle, name the
    customer itself, or stand there twice.
    """

    of_referred: Vector
    incremental: Vector
    others: Vector
    direct: Vector
    received: Vector
    given: Vector
    referred_count: Vector
    generations: NDArray[np.int32]
    several: int
    left_out: tuple[LeftOut, ...]

    def transfer(self, own_value: ArrayLike) -> Vector:
        """Own value + received − given: another division of the same total."""
        return np.asarray(np.asarray(own_value, dtype=np.float64) + self.received - self.given)

    @property
    def memo(self) -> Vector:
        """What stands beside the own value, never added to it: received over all generations."""
        return self.received


def referral_value(
    referrals: Referrals,
    contributions: Lines,
    *,
    customers: int,
    settings: ReferralSettings = ReferralSettings(),
    share_anyway: ArrayLike | None = None,
) -> ReferralValue:
    """Referral value of `customers` customers with codes 0 … n − 1.

    `contributions` are margins after cost to serve by customer and day; days in the future may
    hold what is expected. `share_anyway` overrides the setting, one share for each customer.

    >>> who = Referrals(np.array([0, 1]), np.array([1, 2]), np.array([0, 100]))
    >>> money = Lines(np.array([1, 2, 2]), np.array([10, 110, 900]), np.array([100.0, 40.0, 999.0]))
    >>> found = referral_value(who, money, customers=3, settings=ReferralSettings(annual_rate=0,
    ...     share_anyway=0.25, saved_acquisition=20, reward=5))
    >>> found.of_referred, found.direct, found.received
    (array([ 0., 90., 45.]), array([90., 45.,  0.]), array([56.25, 22.5 ,  0.  ]))
    >>> found.transfer([10.0, 100.0, 50.0]).sum()
    np.float64(160.0)
    """
    tree = lineage(
        referrals.referrer,
        referrals.referred,
        referrals.days,
        customers=customers,
        weights=referrals.weights,
    )
    came = tree.first_day
    is_referred = np.bincount(tree.younger, minlength=customers) > 0
    anyway = np.full(customers, settings.share_anyway)
    if share_anyway is not None:
        anyway = np.asarray(share_anyway, dtype=np.float64)
        if anyway.shape != (customers,) or not ((anyway >= 0) & (anyway <= 1)).all():
            raise ValueError("share_anyway needs a share from 0 to 1 for each customer")
    brought = _within_window(contributions, came, is_referred, customers, settings)
    at_once = np.where(is_referred, settings.saved_acquisition - settings.reward, 0.0)
    incremental = (1 - anyway) * (brought + at_once)
    others = anyway * at_once
    worth = incremental + others
    received, given = spread_over_generations(worth, tree, settings.generation_decay)
    return ReferralValue(
        of_referred=worth,
        incremental=incremental,
        others=others,
        direct=tree.passed_up(worth),
        received=received,
        given=given,
        referred_count=tree.passed_up(is_referred.astype(np.float64)),
        generations=tree.generations,
        several=int((np.bincount(tree.younger, minlength=customers) > 1).sum()),
        left_out=tree.left_out,
    )


def spread_over_generations(worth: Vector, tree: Lineage, decay: float) -> tuple[Vector, Vector]:
    """What each customer receives from all who came through them, and gives to those they came by.

    The elder of generation g has (1 − λ)λ^(g−1) of a customer's worth; what would go beyond the
    first elder of a line stays with the customer.
    """
    passed, received, given = worth, np.zeros_like(worth), np.zeros_like(worth)
    reach = np.ones_like(worth)  # the part of each customer's worth that reached generation g
    weight = 1 - decay
    while weight / (1 - decay) > NEGLIGIBLE:
        passed = tree.passed_up(passed)
        if not passed.any() and not reach.any():
            break
        reach = tree.reaching(reach)
        received += weight * passed
        given += weight * reach * worth
        if not reach.any():
            break
        weight *= decay
    return received, given


def brought_by_generation(worth: Vector, tree: Lineage, most: int = 3) -> tuple[Vector, ...]:
    """What came through each customer, undiminished: by those brought directly, by those they brought …

    `most` entries; the last holds all further generations.

    >>> line = lineage([0, 1, 2], [1, 2, 3], [1, 2, 3], customers=4)
    >>> brought_by_generation(np.array([0.0, 50, 30, 20]), line, most=2)
    (array([50., 30., 20.,  0.]), array([50., 20.,  0.,  0.]))
    """
    found, passed = [np.zeros_like(worth) for _ in range(most)], worth
    for generation in range(MOST_GENERATIONS):
        passed = tree.passed_up(passed)
        if not passed.any():
            break
        found[min(generation, most - 1)] += passed
    return tuple(found)


def _within_window(
    contributions: Lines,
    came: NDArray[np.int64],
    is_referred: NDArray[np.bool_],
    customers: int,
    settings: ReferralSettings,
) -> Vector:
    since = contributions.days - came[contributions.codes]
    window = settings.window_months * DAYS["month"]
    counts = is_referred[contributions.codes] & (since >= 0) & (since < window)
    years = since[counts] / DAYS_PER_YEAR
    present = contributions.amounts[counts] * (1 + settings.annual_rate) ** -years
    return sum_by(contributions.codes[counts], present, customers)


def share_anyway_of(said_yes: int, asked: int, *, level: float = 0.8) -> tuple[float, float, float]:
    """The share who would have come anyway, from asking referred customers, with its interval.

    Jeffreys' interval at `level`, so that few answers give a wide one. Returns share, low, high.

    >>> [round(part, 3) for part in share_anyway_of(6, 20)]
    [0.31, 0.186, 0.441]
    """
    from scipy.special import betaincinv

    if not 0 <= said_yes <= asked:
        raise ValueError(f"{said_yes} of {asked} can't have said so")
    yes, no = said_yes + 0.5, asked - said_yes + 0.5
    low, high = (float(betaincinv(yes, no, (1 + side * level) / 2)) for side in (-1, 1))
    return yes / (yes + no), low, high


def negative_word_of_mouth(
    speakers: ArrayLike, lost_value: ArrayLike, exposure: ArrayLike, *, customers: int
) -> Vector:
    """What customers cost by warning others, as a minus beside their own value.

    A row for each customer or prospect who heard: who warned (code), the value that would be lost
    if it is believed, and the exposure, the probability from 0 to 1 that it is. The loss is in the
    hearer's own value already: this is a memo, never added to the total.

    >>> negative_word_of_mouth([0, 0, 2], [1000, 400, 50], [0.1, 0.25, 1], customers=3)
    array([-200.,   -0.,  -50.])
    """
    lost = np.asarray(lost_value, dtype=np.float64)
    heard = np.asarray(exposure, dtype=np.float64)
    if not ((heard >= 0) & (heard <= 1)).all():
        raise ValueError("exposure is a probability from 0 to 1")
    codes = np.asarray(speakers, dtype=np.int64)
    return -sum_by(codes, np.maximum(lost, 0.0) * heard, customers)
