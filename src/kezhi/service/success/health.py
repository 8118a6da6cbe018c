"""How far a plan is, against how far it should be by now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from kezhi.service.models import SuccessMeasure, SuccessPlan, SuccessReading

GRACE = 0.15
"""Of the time of a plan: nobody is behind in its first part."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`reached` is the share of the way, 0 at the start and 1 at the target; None: not measured yet."""

    measure: SuccessMeasure
    latest: SuccessReading | None
    readings: tuple[SuccessReading, ...]
    reached: float | None


def progress_of(plan: SuccessPlan) -> list[Progress]:
    """Its measures with their readings, oldest first. Two queries."""
    found = []
    for measure in plan.measures.prefetch_related("readings").order_by("pk"):
        readings = tuple(sorted(measure.readings.all(), key=lambda each: each.on))
        latest = readings[-1] if readings else None
        reached = None
        if latest is not None:
            way = float(measure.target - measure.start)
            reached = float(latest.figure - measure.start) / way
        found.append(Progress(measure, latest, readings, reached))
    return found


def expected_by(plan: SuccessPlan, on: date) -> float:
    """The share of the way that should lie behind by that day: even progress, after a time of grace."""
    whole = (plan.reach_by - plan.begun_on).days
    gone = min(max((on - plan.begun_on).days / whole, 0.0), 1.0)
    return max(0.0, (gone - GRACE) / (1 - GRACE))


def health_of(plan: SuccessPlan, on: date) -> float | None:
    """0 to 100: the mean over the measures of reached against expected. None without measures.

    What isn't measured stands at its start.
    """
    measures = progress_of(plan)
    if not measures:
        return None
    return health_from((each.reached for each in measures), expected_by(plan, on))


def health_from(reached: Iterable[float | None], expected: float) -> float:
    """
    >>> health_from([0.5, 0.25], 0.5)
    75.0
    >>> health_from([None], 0.0)
    100.0
    """
    shares = [
        1.0 if expected <= 0 else min(max((each or 0.0) / expected, 0.0), 1.0) for each in reached
    ]
    return round(100 * sum(shares) / len(shares), 4)
