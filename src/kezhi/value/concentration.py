"""Concentration of value: Pareto curve, Gini, HHI, shares of the top, whale curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]

SHARES = (0.01, 0.05, 0.10, 0.20, 0.50)
POINTS = 101


@dataclass(frozen=True, slots=True)
class Concentration:
    """Figures of one measure over customers.

    `gini` is normalised for negative figures (Chen, Tsaur & Rhai 1982); `hhi` and the shares of the
    top count positive figures only. `curve` are points (share of customers, share of the total) in
    falling order: the whale curve, whose peak above 1 is what the unprofitable destroy. `largest`
    is the share of the largest customer; `reaching_80` the share of customers who make 80 %.
    Figures that don't exist (nothing positive) are None.
    """

    customers: int
    total: float
    gini: float | None
    hhi: float | None
    largest: float | None
    top: tuple[tuple[float, float], ...]
    reaching_80: float | None
    peak: float | None
    peak_at: float | None
    curve: tuple[tuple[float, float], ...]


def concentration(figures: ArrayLike) -> Concentration:
    """How `figures` are spread over customers.

    >>> found = concentration([80, 10, 5, 5, 0])
    >>> round(found.gini, 2), round(found.hhi, 3), found.reaching_80
    (0.66, 0.655, 0.2)
    """
    known = np.asarray(figures, dtype=np.float64)
    ranked = np.sort(known[np.isfinite(known)])[::-1]
    positive = ranked[ranked > 0]
    total = float(ranked.sum())
    if len(positive) == 0 or total <= 0:
        return Concentration(len(ranked), total, None, None, None, (), None, None, None, ())
    shares = positive / positive.sum()
    gathered = np.cumsum(ranked) / total
    peak = int(np.argmax(gathered))
    return Concentration(
        customers=len(ranked),
        total=total,
        gini=gini(ranked),
        hhi=float((shares**2).sum()),
        largest=float(shares[0]),
        top=tuple((share, _top(shares, len(ranked), share)) for share in SHARES),
        reaching_80=float((np.searchsorted(np.cumsum(shares), 0.8 - 1e-12) + 1) / len(ranked)),
        peak=float(gathered[peak]),
        peak_at=(peak + 1) / len(ranked),
        curve=_curve(gathered, peak),
    )


def _top(shares: Vector, customers: int, share: float) -> float:
    """Share of the total in the top `share` of all customers, the customer on the border in part."""
    border = share * customers
    whole = min(int(border), len(shares))
    rest = (border - int(border)) * shares[whole] if whole < len(shares) else 0.0
    return float(shares[:whole].sum() + rest)


def _curve(gathered: Vector, peak: int) -> tuple[tuple[float, float], ...]:
    last = len(gathered) - 1
    at = np.unique([*np.linspace(0, last, min(POINTS, last + 1)).round().astype(int), peak])
    points = [(0.0, 0.0), *((float((k + 1) / (last + 1)), float(gathered[k])) for k in at)]
    return tuple(points)


def gini(figures: ArrayLike) -> float | None:
    """Gini coefficient in [0, 1], negative figures included; None where the total isn't positive.

    With negative figures the plain coefficient can exceed 1. Chen, Tsaur & Rhai divide it by one
    plus twice the area that lies between the Lorenz curve and the axis below it.

    >>> gini([1, 1, 1]), round(gini([0, 0, 1]), 3), round(gini([-1, 2]), 3)
    (0.0, 0.667, 0.857)
    """
    ranked = np.sort(np.asarray(figures, dtype=np.float64))
    total = float(ranked.sum())
    if total <= 0 or len(ranked) == 0:
        return None
    lorenz = np.concatenate(([0.0], np.cumsum(ranked) / total))
    step = 1 / len(ranked)
    area = float((lorenz[1:] + lorenz[:-1]).sum()) * step / 2
    low, high = np.minimum(lorenz[:-1], lorenz[1:]), np.maximum(lorenz[:-1], lorenz[1:])
    # A step that crosses the axis adds the triangle below it.
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.where((low < 0) & (high > 0), low**2 / (high - low) / 2, 0.0)
    below = np.where(high <= 0, -(low + high) / 2, crossing).sum() * step
    return max(0.0, float((1 - 2 * area) / (1 + 2 * below)))
