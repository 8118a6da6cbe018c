"""Scorecards: what a case is looked at for. A published version stays as it is; reviews refer to theirs."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.service.models import Scorecard

REFERENCE = Path(__file__).resolve().parent.parent / "reference" / "seven_rights.csv"
MOST_CRITERIA = 20
MOST_POINTS = 10
USUAL_POINTS = 5
Criterion = dict[str, Any]


@cache
def seven_rights() -> tuple[Criterion, ...]:
    """The criteria to start from."""
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        return tuple(
            {
                "key": row["key"],
                "label": row["label"],
                "label_en": row["label_en"],
                "weight": int(row["weight"]),
                "most": USUAL_POINTS,
            }
            for row in csv.DictReader(file)
        )


@audited("scorecard.published")
def publish_scorecard(
    name: str,
    name_en: str,
    criteria: Sequence[Criterion],
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
) -> Scorecard:
    """A first version, or a new one of the scorecard of that name."""
    if not actor.may("create", "scorecard"):
        raise NotAllowed(_("Your role doesn't publish scorecards."))
    name = name.strip()[:80]
    if not name:
        raise Refused(_("Give the scorecard a name."))
    kept = _checked(criteria)
    rows = Scorecard.objects.select_for_update().filter(name=name)
    last = rows.order_by("-number").first()
    rows.filter(is_current=True).update(is_current=False)
    note(criteria=len(kept))
    return Scorecard.objects.create(
        name=name,
        name_en=name_en.strip()[:80],
        number=(last.number if last else 0) + 1,
        criteria=kept,
        reason=reason.strip()[:300],
        published_at=at,
        published_by_id=actor.pk,
    )


def current_scorecards() -> list[Scorecard]:
    return list(Scorecard.objects.filter(is_current=True).order_by("name")[:50])


def score_of(criteria: Sequence[Criterion], marks: Mapping[str, int | None]) -> float | None:
    """0-100: the weighted share of the points; criteria that don't apply don't count.

    >>> score_of([{"key": "a", "weight": 3, "most": 5}, {"key": "b", "weight": 1, "most": 5}], {"a": 5, "b": 1})
    80.0
    """
    given = [(each, marks.get(each["key"])) for each in criteria]
    weight = sum(each["weight"] for each, mark in given if mark is not None)
    if not weight:
        return None
    points = sum(each["weight"] * mark / each["most"] for each, mark in given if mark is not None)
    return float(100 * points / weight)


def label_of(criterion: Criterion, language: str) -> str:
    english = str(criterion.get("label_en") or "")
    return (english or criterion["label"]) if language.startswith("en") else criterion["label"]


def _checked(criteria: Sequence[Criterion]) -> list[Criterion]:
    kept: list[Criterion] = []
    for number, each in enumerate(criteria):
        label, weight, most = str(each["label"]).strip()[:200], each["weight"], each["most"]
        if not label:
            raise Refused(_("Each criterion needs words."))
        if not 1 <= weight <= 100 or not 1 <= most <= MOST_POINTS:
            raise Refused(_("A weight lies between 1 and 100, the points between 1 and 10."))
        kept.append(
            {
                "key": str(each.get("key") or f"c{number}")[:40],
                "label": label,
                "label_en": str(each.get("label_en", "")).strip()[:200],
                "weight": int(weight),
                "most": int(most),
            }
        )
    if not kept or len(kept) > MOST_CRITERIA:
        raise Refused(_("A scorecard has between 1 and 20 criteria."))
    if len({each["key"] for each in kept}) < len(kept):
        raise Refused(_("Two criteria have the same key."))
    return kept
