"""Importance against performance (Martilla & James 1977): where to put the effort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FIELDS = ("concentrate", "keep", "low_priority", "overkill")
"""Important and poor; important and good; unimportant and poor; unimportant and good."""


@dataclass(frozen=True, slots=True)
class Priority:
    """An item with its importance (share of what is explained) and performance (0 … 100).

    `gain` = importance × (100 − performance): what there is still to win, the order of work.
    """

    name: str
    importance: float
    performance: float
    field: str
    gain: float


@dataclass(frozen=True, slots=True)
class Priorities:
    """Items by gain, and the lines that divide the four fields: the means of both."""

    items: tuple[Priority, ...]
    importance_line: float
    performance_line: float


def priorities(
    names: Sequence[str], importance: Sequence[float], performance: Sequence[float]
) -> Priorities:
    """The fields of the items; the lines are the means, as long as nobody sets others.

    >>> found = priorities(["speed", "price"], [0.7, 0.3], [60, 80])
    >>> [(one.name, one.field) for one in found.items]
    [('speed', 'concentrate'), ('price', 'overkill')]
    """
    if not names or not len(names) == len(importance) == len(performance):
        raise ValueError("every item has an importance and a performance")
    across = sum(performance) / len(names)
    up = sum(importance) / len(names)
    items = [
        Priority(
            name,
            weight,
            score,
            FIELDS[2 * (weight < up) + (score >= across)],
            weight * (100 - score),
        )
        for name, weight, score in zip(names, importance, performance, strict=True)
    ]
    return Priorities(tuple(sorted(items, key=lambda one: -one.gain)), up, across)
