"""Shapes of the charts that are drawn on the server, as plain numbers for SVG attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Spark:
    """A small line: its path, its last point, and whether it rises, falls or stays."""

    path: str
    x: float
    y: float
    direction: str


def spark(values: Sequence[float | None], width: int = 72, height: int = 22) -> Spark | None:
    """None when fewer than two values are known. The direction compares the last third with the first."""
    known = [float(value) for value in values if value is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    span = (high - low) or 1
    points = [
        (
            round(2 + place * (width - 6) / (len(known) - 1), 1),
            round(height - 3 - (value - low) / span * (height - 6), 1),
        )
        for place, value in enumerate(known)
    ]
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    return Spark(path, *points[-1], direction=_direction(known))


def _direction(known: Sequence[float]) -> str:
    third = max(1, len(known) // 3)
    before, after = sum(known[:third]), sum(known[-third:])
    if before <= 0:
        return "rising" if after > before else "falling" if after < before else "steady"
    ratio = after / before
    return "falling" if ratio < 0.85 else "steady" if ratio < 1.12 else "rising"


def trapezia(levels: int, top: float = 22) -> list[str]:
    """The outlines of a pyramid's levels, from the top, as polygons in a box of 100 × 10."""
    edges = [top / 2 + (100 - top) * step / levels for step in range(levels + 1)]
    return [
        f"{50 - upper / 2:g},0 {50 + upper / 2:g},0 {50 + lower / 2:g},10 {50 - lower / 2:g},10"
        for upper, lower in pairwise(edges)
    ]


def heat_step(value: float | None, low: float, high: float, steps: int = 7) -> int:
    """Which of the ramp's steps, from 1, a value takes between low and high; 0 for nothing."""
    if value is None:
        return 0
    if high <= low:
        return steps
    place = (float(value) - low) / (high - low)
    return min(steps, max(1, int(place * steps) + 1))


def extent(values: Sequence[float | None]) -> float:
    """The largest size among the values, 1 when there is none: what bars are measured by."""
    return max((abs(float(value)) for value in values if value is not None), default=0) or 1
