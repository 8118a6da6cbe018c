"""RFM: recency, frequency and monetary scores, 1 (lowest) to 5 (best)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kezhi.value.ranks import ranks


@dataclass(frozen=True, slots=True)
class RFMSettings:
    """Number of bins, and the weights of the three scores in `RFM.combined`."""

    bins: int = 5
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        if not 2 <= self.bins <= 10:
            raise ValueError("RFM has 2 to 10 bins")
        if min(self.weights) < 0 or sum(self.weights) <= 0:
            raise ValueError("the weights of RFM are 0 or more, and not all 0")


@dataclass(frozen=True, slots=True)
class RFM:
    """Scores per customer; 0 for a customer who never bought. `combined` is 0-100."""

    recency: NDArray[np.int8]
    frequency: NDArray[np.int8]
    monetary: NDArray[np.int8]
    combined: NDArray[np.float64]


def rfm(
    last_day: NDArray[np.int32],
    occasions: NDArray[np.int32],
    total: NDArray[np.float64],
    settings: RFMSettings | None = None,
) -> RFM:
    """Scores by equal shares of the customers who bought; equal figures get equal scores.

    >>> found = rfm(np.array([10, 20, 30, 40, 50]), np.array([1, 1, 2, 3, 9]),
    ...     np.array([5.0, 50.0, 20.0, 80.0, 90.0]))
    >>> found.recency, found.frequency, found.monetary
    (array([1, 2, 3, 4, 5], dtype=int8), array([2, 2, 3, 4, 5], dtype=int8), array([1, 3, 2, 4, 5], dtype=int8))
    """
    settings = settings or RFMSettings()
    bought = occasions > 0
    scores = [_bins(own, bought, settings.bins) for own in (last_day, occasions, total)]
    weights = np.array(settings.weights) / sum(settings.weights)
    share = (np.stack(scores, axis=1) - 1) / (settings.bins - 1)
    recency, frequency, monetary = scores
    combined = np.where(bought, 100 * (share @ weights), np.nan)
    return RFM(recency, frequency, monetary, combined)


SEGMENTS = (
    "hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose",
    "hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose",
    "about_to_sleep", "about_to_sleep", "needs_attention", "loyal", "loyal",
    "promising", "potential_loyalist", "potential_loyalist", "loyal", "loyal",
    "new", "potential_loyalist", "potential_loyalist", "champion", "champion",
)  # fmt: skip
"""Usual names by fifths of recency (rows, the longest ago first) and of frequency (columns)."""


def segments_of(scores: RFM, bins: int = 5) -> list[str | None]:
    """The segment of each customer by recency and frequency; None for who never bought.

    With other numbers of bins a score counts for the fifth that it reaches into.

    >>> scores = RFM(*(np.array([5, 1, 5, 0], np.int8), np.array([5, 5, 1, 0], np.int8)), None, None)
    >>> segments_of(scores)
    ['champion', 'cannot_lose', 'new', None]
    """
    recency, frequency = (
        np.ceil(own / bins * 5).astype(np.int64) for own in (scores.recency, scores.frequency)
    )
    return [
        SEGMENTS[5 * (r - 1) + f - 1] if r else None
        for r, f in zip(recency.tolist(), frequency.tolist(), strict=True)
    ]


def _bins(figure: NDArray[np.generic], bought: NDArray[np.bool_], bins: int) -> NDArray[np.int8]:
    score = np.zeros(len(figure), dtype=np.int8)
    if bought.any():
        rank = ranks(figure[bought])
        score[bought] = np.minimum(np.ceil(rank / bought.sum() * bins), bins).astype(np.int8)
    return score
