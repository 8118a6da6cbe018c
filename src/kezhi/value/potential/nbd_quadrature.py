"""Integrals over the unknown moment of leaving: peaked or flat, over hours or a hundred years.

Each integrand falls like powers of (m + u), so the integral is taken over v = log(m + u), where m is
the distance to the nearest singularity behind 0: the next one is then π away from the real line and
Gauss and Legendre's rule converges fast. How many nodes a row needs follows from how much the log
of its integrand varies; where that is too much, the part that counts is searched for first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kezhi.value.potential.fitting import Vector

Rows = NDArray[np.intp]
LogIntegrand = Callable[[Vector, Rows], Vector]
"""Times u (rows × nodes) and which rows they are of, to the log of the integrand."""

_CLASSES = ((2.0, 8), (6.0, 12), (14.0, 18), (40.0, 32))  # variation up to, nodes
_PANELS, _NODES_OF_PANELS = 4, 24  # where more varies, after the part that counts was found
_DROP = 45.0  # below e^-45 of the peak nothing counts
_ZOOMS, _LOOKS = 4, 33
_AT_ONCE = 400_000  # nodes held in memory at a time


@lru_cache(maxsize=16)
def gauss(count: int) -> tuple[Vector, Vector]:
    """Nodes and weights of Gauss and Legendre's rule on 0 … 1."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2


@lru_cache(maxsize=1)
def _panels() -> tuple[Vector, Vector]:
    nodes, weights = gauss(_NODES_OF_PANELS)
    starts = np.arange(_PANELS)[:, None]
    return ((starts + nodes) / _PANELS).ravel(), np.tile(weights / _PANELS, _PANELS)


def pieces(
    integrand: LogIntegrand, low: Vector, high: Vector, m: Vector, variation: Vector
) -> Iterator[tuple[Rows, Vector, Vector]]:
    """Rows, their nodes u, and the logs of weight × integrand there, which add up to the integral.

    `variation` bounds how much the log of the integrand varies; infinite: it isn't known.
    """
    width = np.log1p((high - low) / (m + low))
    spread = np.where(width > 0, variation + width, 0.0)
    bound = -1.0
    for most, count in (*_CLASSES, (np.inf, 0)):
        chosen = np.flatnonzero((spread > bound) & (spread <= most) & (width > 0))
        bound = most
        nodes, weights = gauss(count) if count else _panels()
        size = max(1, _AT_ONCE // len(nodes))
        for start in range(0, len(chosen), size):
            rows = chosen[start : start + size]
            first, last = np.zeros(len(rows)), width[rows]
            origin = m[rows] + low[rows]
            if not count:
                first, last = _peak(integrand, rows, origin, low[rows], last)
            v = first[:, None] + (last - first)[:, None] * nodes
            u = low[rows, None] + origin[:, None] * np.expm1(v)
            with np.errstate(divide="ignore"):
                logs = integrand(u, rows) + np.log(weights) + v
            logs += np.log(origin * (last - first))[:, None]
            yield rows, u, logs


def _peak(
    integrand: LogIntegrand, rows: Rows, origin: Vector, low: Vector, width: Vector
) -> tuple[Vector, Vector]:
    """Between which v the integrand counts: it has one peak, which is closed in on."""
    first, last = np.zeros_like(width), width.copy()
    grid = np.arange(_LOOKS) / (_LOOKS - 1)
    for _ in range(_ZOOMS):
        v = first[:, None] + (last - first)[:, None] * grid
        u = low[:, None] + origin[:, None] * np.expm1(v)
        with np.errstate(divide="ignore"):
            height = integrand(u, rows) + v
        high = height >= height.max(axis=1, keepdims=True) - _DROP
        left = np.maximum(high.argmax(axis=1) - 1, 0)
        right = np.minimum(_LOOKS - high[:, ::-1].argmax(axis=1), _LOOKS - 1)
        each = np.arange(len(rows))
        first, last = v[each, left], v[each, right]
    return first, last


def log_integral(
    integrand: LogIntegrand, low: Vector, high: Vector, m: Vector, variation: Vector
) -> Vector:
    """Log of the integral of each row from `low` to `high`; −∞ where they are the same."""
    found = np.full(len(low), -np.inf)
    for rows, _, logs in pieces(integrand, low, high, m, variation):
        top = logs.max(axis=1)
        safe = np.where(np.isfinite(top), top, 0.0)
        with np.errstate(divide="ignore"):
            found[rows] = safe + np.log(np.exp(logs - safe[:, None]).sum(axis=1))
    return found
