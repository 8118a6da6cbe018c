"""The study of the journey: promised and delivered, touchpoints, moments of truth, best service level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from kezhi.core.progress import Progress
from kezhi.insight import expecting, levelling, touching
from kezhi.insight.models import CustomerReading, Study
from kezhi.value.plain import from_plain


@dataclass(frozen=True, slots=True)
class Figures:
    """What a study says; `respondents` are commitments that were decided, `customers` whom they were made."""

    respondents: int
    customers: int
    expectation: expecting.Expectation
    points: tuple[touching.Point, ...]
    moments: tuple[touching.Moment, ...]
    levels: tuple[levelling.Found, ...]


def study_journey(study: Study, progress: Progress) -> tuple[Figures, Iterator[CustomerReading]]:
    """The figures; the readings of single customers are written by the database itself."""
    until = study.as_of
    progress(0, 500, _("Comparing what was promised and delivered"))
    expectation = expecting.expectation_of(until)
    expecting.keep_readings(study.pk, until)
    progress(150, 500, _("Counting touchpoints"))
    points = touching.points_of(until - touching.YEAR, until)
    progress(300, 500, _("Looking who bought again"))
    moments = touching.moments_of(until)
    progress(400, 500, _("Looking for the best service level"))
    levels = levelling.levels_of(until)
    whole = expectation.whole
    figures = Figures(
        whole.count if whole else 0, expectation.customers, expectation, points, moments, levels
    )
    return figures, iter(())


def figures_of(study: Study, by: str = "", group: str = "") -> Figures:
    """What a study says; its touchpoints of all customers, or of one group alone."""
    points = [
        one for one in study.figures["points"] if _group_of(one) == (by if group else "", group)
    ]
    return from_plain(Figures, {**study.figures, "points": points})


def groups_of(study: Study) -> dict[str, list[str]]:
    """The groups whose touchpoints a study tells apart, by what makes them: those with most events first."""
    events: dict[str, dict[str, int]] = {}
    for one in study.figures["points"]:
        by, group = _group_of(one)
        if by:
            own = events.setdefault(by, {})
            own[group] = own.get(group, 0) + one["events"]
    return {by: sorted(own, key=lambda group: -own[group]) for by, own in events.items()}


def _group_of(point: dict[str, Any]) -> tuple[str, str]:
    """Studies of earlier versions told tiers apart, and nothing else."""
    group = point["group"]
    return (point.get("by") or "tier", group) if group else ("", "")
