"""The whale curve in words: who destroys how much (Kaplan & Narayanan 2001).

Customers in falling order of value, their values added up: the peak above 100 % is the profit that
the unprofitable ones destroy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Whales:
    """Of all customers with a known value. Money in the reporting currency.

    `created` is the sum of the positive values, the peak; `destroyed` that of the negative ones (a
    negative number); `total` = created + destroyed. `peak` is created ÷ total, None where the total
    isn't positive. `destroyers` are the positions of the unprofitable customers, the worst first,
    and `their_part` of what is destroyed each destroys.
    """

    customers: int
    profitable: int
    even: int
    unprofitable: int
    created: float
    destroyed: float
    total: float
    peak: float | None
    destroyers: NDArray[np.int64]
    their_part: Vector

    def destroyed_by(self, count: int) -> float:
        """How much the `count` worst customers destroy, as a negative number."""
        return float(self.their_part[:count].sum()) * self.destroyed


def whales(value: ArrayLike) -> Whales:
    """The figures of the whale curve of realised value per customer; NaN takes no part.

    >>> found = whales([60, 50, 10, 0, -5, -15])
    >>> found.peak, found.destroyed, found.destroyers, found.their_part
    (1.2, -20.0, array([5, 4]), array([0.75, 0.25]))
    """
    values = np.asarray(value, dtype=np.float64)
    known = values[np.isfinite(values)]
    created = float(known[known > 0].sum())
    destroyed = float(known[known < 0].sum())
    worst = np.flatnonzero(values < 0)
    worst = worst[np.argsort(values[worst], kind="stable")]
    total = created + destroyed
    return Whales(
        customers=len(known),
        profitable=int((known > 0).sum()),
        even=int((known == 0).sum()),
        unprofitable=len(worst),
        created=created,
        destroyed=destroyed,
        total=total,
        peak=created / total if total > 0 else None,
        destroyers=worst.astype(np.int64),
        their_part=values[worst] / destroyed if destroyed < 0 else np.zeros(0),
    )
