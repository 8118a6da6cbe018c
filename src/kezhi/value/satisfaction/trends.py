"""Whether a series of figures rises or falls: Mann-Kendall's test and Sen's slope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

LEAST = 4
"""Periods below which no trend is told."""


@dataclass(frozen=True, slots=True)
class Trend:
    """`slope` per period (Sen 1968) with its interval; `p` is of a series without trend (two-sided)."""

    slope: float
    low: float
    high: float
    p: float
    periods: int

    def is_clear(self, level: float = 0.80) -> bool:
        return self.p < 1 - level


def trend_of(
    series: ArrayLike, at: Sequence[float] | None = None, *, level: float = 0.80
) -> Trend | None:
    """The trend of a figure by period, `at` their places (by default 0, 1, 2 …); NaN are periods without.

    By ranks alone (Mann 1945; Kendall 1975, ties counted): a single odd month doesn't make one. None for
    fewer than four periods.

    >>> found = trend_of([60, 62, 61, 64, 66, 67])
    >>> round(found.slope, 2), found.is_clear()
    (1.4, True)
    """
    y = np.asarray(series, dtype=np.float64)
    x = np.arange(len(y), dtype=np.float64) if at is None else np.asarray(at, dtype=np.float64)
    known = np.isfinite(y)
    x, y = x[known], y[known]
    count = len(y)
    if count < LEAST:
        return None
    later, earlier = np.tril_indices(count, -1)
    rises, apart = y[later] - y[earlier], x[later] - x[earlier]
    score = float(np.sign(rises).sum())
    ties = np.unique(y, return_counts=True)[1].astype(np.float64)
    variance = (
        count * (count - 1) * (2 * count + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()
    ) / 18
    z = 0.0 if variance <= 0 or score == 0 else (score - np.sign(score)) / variance**0.5
    slopes = np.sort(rises / apart)
    reach = NormalDist().inv_cdf((1 + level) / 2) * max(variance, 0.0) ** 0.5
    pairs = len(slopes)
    first = min(max(round((pairs - reach) / 2), 0), pairs - 1)
    last = min(max(round((pairs + reach) / 2), 0), pairs - 1)
    return Trend(
        slope=float(np.median(slopes)),
        low=float(slopes[min(first, last)]),
        high=float(slopes[max(first, last)]),
        p=2 * (1 - NormalDist().cdf(abs(z))),
        periods=count,
    )
