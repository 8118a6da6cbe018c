"""Totals shared out among customers, to the cent.

Shares are rounded down and the cents that are left go to the largest fractions, so that the parts
always add up to the total; equal fractions are served in the order of the customers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]

CENTS = 100
LARGEST = 9e13
"""The largest total (in currency units) that is shared out exactly."""


def allocate(total: float, basis: ArrayLike) -> Vector:
    """`total` shared in proportion to `basis` (n figures of at least 0), exact to the cent.

    Raises ValueError where the basis is negative, not finite, or nothing at all.

    >>> allocate(100, [1, 1, 1])
    array([33.34, 33.33, 33.33])
    >>> allocate(-0.05, [3, 1, 0])
    array([-0.04, -0.01,  0.  ])
    """
    weights = np.asarray(basis, dtype=np.float64)
    if not np.isfinite(total) or abs(total) > LARGEST:
        raise ValueError(f"{total} can't be shared out to the cent")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("what a total is shared out by must be numbers of at least 0")
    largest = float(weights.max(initial=0.0))
    if largest == 0:
        raise ValueError("there is nothing to share the total out by: the basis is 0 for everybody")
    weights = (
        weights / largest
    )  # the sum of huge figures must not overflow, of tiny ones not vanish
    cents = round(abs(total) * CENTS)
    exact = cents * (weights / weights.sum())
    whole = np.floor(exact).astype(np.int64)
    left = cents - int(whole.sum())
    if left > 0:
        order = np.argsort(-(exact - whole) * (weights > 0) - (weights > 0), kind="stable")
        ranks = order[: int((weights > 0).sum())]
        whole[ranks] += left // len(ranks)
        whole[ranks[: left % len(ranks)]] += 1
    elif left < 0:  # rounding of very large totals
        order = np.argsort(-whole, kind="stable")
        whole[order[:-left]] -= 1
    return np.asarray(np.sign(total) * whole / CENTS + 0.0)
