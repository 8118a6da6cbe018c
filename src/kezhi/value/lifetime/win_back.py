"""Winning back: second lifetime value × recoverability, minus what the offer costs.

Stauss & Friege (1999); Griffin & Lowenstein (2001). Expected gain of an attempt

    p · (second lifetime value − cost if accepted) − cost of the attempt,

p by the cause of the loss. Who isn't worth it is let go, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.durations import DAYS_PER_YEAR

Vector = NDArray[np.float64]

Reason = Literal["worth_it", "not_recoverable", "worth_too_little", "attempt_costs_more"]
REASONS: tuple[Reason, ...] = (
    "worth_it",
    "not_recoverable",
    "worth_too_little",
    "attempt_costs_more",
)

RECOVERABILITY: dict[str, float] = {
    "price": 0.30,
    "service": 0.25,
    "quality": 0.20,
    "competitor": 0.20,
    "forgotten": 0.35,
    "relocated": 0.05,
    "need_gone": 0.03,
    "insolvent": 0.0,
}
"""A first guess by cause, to be replaced by the company's own rate of success."""


@dataclass(frozen=True, slots=True)
class WinBackSettings:
    """`recoverability` by cause, `otherwise` for causes not known or not named there. Chances halve
    every `half_life_months` since the loss (0: they don't). `least_gain`: what an attempt must bring."""

    recoverability: Mapping[str, float] = field(default_factory=lambda: dict(RECOVERABILITY))
    otherwise: float = 0.10
    half_life_months: float = 12.0
    cost_of_attempt: float = 0.0
    cost_if_accepted: float = 0.0
    least_recoverability: float = 0.02
    least_gain: float = 0.0

    def __post_init__(self) -> None:
        for cause, share in (*self.recoverability.items(), ("otherwise", self.otherwise)):
            if not 0 <= share <= 1:
                raise ValueError(f"the recoverability of {cause!r} is {share}: it is a probability")
        if self.half_life_months < 0:
            raise ValueError("half_life_months must be at least 0")


@dataclass(frozen=True, slots=True)
class WinBack:
    """Per lost customer, in the order given; `order` is by falling gain, those worth it first.

    `break_even` is the probability at which the attempt costs nothing, NaN where no probability
    would. `reason` are positions in `REASONS`. `unknown_causes` were taken as `otherwise`.
    """

    probability: Vector
    second_value: Vector
    gain: Vector
    break_even: Vector
    is_worth_it: NDArray[np.bool_]
    reason: NDArray[np.int8]
    order: NDArray[np.int64]
    unknown_causes: tuple[str, ...]


def win_back(
    second_value: ArrayLike,
    causes: Sequence[str],
    days_since_loss: ArrayLike,
    *,
    settings: WinBackSettings = WinBackSettings(),
) -> WinBack:
    """Whom to win back: second lifetime value, cause and days since the loss of each.

    >>> found = win_back([2000, 2000, 100, 150], ["price", "insolvent", "price", "price"], [0, 0, 0, 0],
    ...     settings=WinBackSettings(cost_of_attempt=40, cost_if_accepted=100))
    >>> found.gain, [REASONS[k] for k in found.reason]
    (array([530., -40., -40., -25.]), ['worth_it', 'not_recoverable', 'worth_too_little', 'attempt_costs_more'])
    """
    value = np.asarray(second_value, dtype=np.float64)
    since = np.asarray(days_since_loss, dtype=np.float64)
    names = [str(cause) for cause in causes]
    if not len(value) == len(names) == len(since):
        raise ValueError("second_value, causes and days_since_loss must have the same length")
    chance = np.array(
        [settings.recoverability.get(cause, settings.otherwise) for cause in names],
        dtype=np.float64,
    )
    if settings.half_life_months > 0:
        months = np.maximum(since, 0.0) / (DAYS_PER_YEAR / 12)
        chance = chance * 0.5 ** (months / settings.half_life_months)
    net = value - settings.cost_if_accepted
    gain = chance * net - settings.cost_of_attempt
    worth = (gain > settings.least_gain) & (chance >= settings.least_recoverability)
    reason = np.select(
        [worth, chance < settings.least_recoverability, net <= 0],
        [REASONS.index(r) for r in ("worth_it", "not_recoverable", "worth_too_little")],
        REASONS.index("attempt_costs_more"),
    ).astype(np.int8)
    unknown = np.full(len(value), np.nan)
    even = np.divide(settings.cost_of_attempt, net, out=unknown, where=net > 0)
    return WinBack(
        probability=chance,
        second_value=value,
        gain=gain,
        break_even=np.where(even <= 1, even, np.nan),
        is_worth_it=worth,
        reason=reason,
        order=np.lexsort((-gain, ~worth)).astype(np.int64),
        unknown_causes=tuple(sorted(set(names) - set(settings.recoverability))),
    )
