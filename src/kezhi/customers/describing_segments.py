"""What a segment amounts to, whom it shares with others, and how it moves: always of the customers whom the
actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum

from kezhi.core.actor import Scope
from kezhi.customers.models import Customer, Segment, SegmentDay, SegmentMember, SegmentMove
from kezhi.customers.reading_segments import kept_members, may_open, may_see_kept, members
from kezhi.workbench.counting import CAP
from kezhi.workbench.filtering import Asking

SUMS = ("realised_value", "potential_value", "value_at_risk")
MOST_COMPARED = 30
DAYS = 400


@dataclass(frozen=True)
class Figures:
    """`amounts`, `tiers` and `stages` are empty where the actor doesn't see value, or beyond the cap."""

    size: int
    is_capped: bool = False
    amounts: dict[str, Decimal | None] = field(default_factory=dict)
    tiers: dict[str, int] = field(default_factory=dict)
    stages: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Overlap:
    """`common` customers are in both; `size` is how many the other segment has."""

    segment: Segment
    common: int
    size: int


@dataclass(frozen=True)
class Day:
    on: date
    size: int
    entered: int
    left: int


def figures(segment: Segment, asking: Asking, cap: int | None = CAP) -> Figures:
    """Size, value and mix in one question; without a `cap` over all of them, however many."""
    rows = members(segment, asking).order_by()
    if cap is not None:
        size = rows[: cap + 1].count()
        if size > cap:
            return Figures(cap, is_capped=True)
    if asking.actor.sees("customer", "value"):
        return _with_value(rows)
    return Figures(rows.count())


def _with_value(rows: QuerySet[Customer]) -> Figures:
    groups: Any = rows.values("standing__tier", "standing__stage").annotate(
        customers=Count("pk"), **{name: Sum(f"standing__{name}") for name in SUMS}
    )
    size, tiers, stages = 0, dict[str, int](), dict[str, int]()
    amounts: dict[str, Decimal | None] = dict.fromkeys(SUMS)
    for group in groups:
        found = group["customers"]
        size += found
        for name, mix in (("tier", tiers), ("stage", stages)):
            key = group[f"standing__{name}"] or ""
            mix[key] = mix.get(key, 0) + found
        for name in SUMS:
            if group[name] is not None:
                amounts[name] = (amounts[name] or Decimal(0)) + group[name]
    return Figures(size, False, amounts, tiers, stages)


def sizes(segments: Sequence[Segment], asking: Asking) -> dict[int, int]:
    """How many of their own customers each segment has for this actor, as last kept; those that they can't
    open, or whose kept members they may not know, are missing."""
    known = [segment for segment in segments if may_see_kept(segment, asking)]
    if asking.actor.scope("read", "customer") is Scope.ALL:
        return {segment.pk: segment.size for segment in known if segment.size is not None}
    counted = {segment.pk: 0 for segment in known if segment.counted_on is not None}
    rows = SegmentMember.objects.visible_to(asking.actor).filter(segment_id__in=counted)
    return counted | dict(_by_segment(rows))


def overlaps(segment: Segment, asking: Asking) -> list[Overlap]:
    """The other segments that share customers with this one, most first, by the members last kept."""
    if not may_see_kept(segment, asking):
        return []
    others = Segment.objects.visible_to(asking.actor).exclude(pk=segment.pk)
    known = {
        other.pk: other
        for other in others.filter(counted_on__isnull=False).order_by("pk")[:MOST_COMPARED]
        if may_see_kept(other, asking)
    }
    here = SegmentMember.objects.filter(segment=segment).values("customer_id")
    rows = SegmentMember.objects.visible_to(asking.actor).filter(segment_id__in=known)
    common = dict(_by_segment(rows.filter(customer_id__in=here)))
    all_of = sizes(list(known.values()), asking)
    found = [Overlap(other, common.get(pk, 0), all_of.get(pk, 0)) for pk, other in known.items()]
    return sorted(found, key=lambda each: (-each.common, each.segment.name))


def _by_segment(rows: QuerySet[SegmentMember]) -> Any:
    return rows.order_by().values_list("segment_id").annotate(customers=Count("pk"))


def movement(segment: Segment, asking: Asking, days: int = DAYS) -> list[Day]:
    """Size on each counted day with who entered and left, the oldest first; empty before the first count."""
    if segment.counted_on is None or not may_see_kept(segment, asking):
        return []
    since = asking.on - timedelta(days=days)
    kept = SegmentDay.objects.filter(segment=segment, on__gt=since).order_by("on")
    if asking.actor.scope("read", "customer") is Scope.ALL:
        return [Day(each.on, each.size, each.entered, each.left) for each in kept]
    moves = (
        SegmentMove.objects.visible_to(asking.actor)
        .filter(segment=segment, moved_on__gt=since)
        .order_by()
        .values_list("moved_on", "is_entry")
        .annotate(customers=Count("pk"))
    )
    counted = {(on, is_entry): found for on, is_entry, found in moves}
    size = kept_members(segment, asking.actor).count()
    told = []
    for on in sorted(
        {*kept.values_list("on", flat=True), *(on for on, _e in counted)}, reverse=True
    ):
        entered, left = counted.get((on, True), 0), counted.get((on, False), 0)
        told.append(Day(on, size, entered, left))
        size += left - entered
    return told[::-1]


def moved(segment: Segment, asking: Asking, *, is_entry: bool, most: int = 10) -> list[SegmentMove]:
    """The latest customers that entered the segment, or left it."""
    if segment.counted_on is None or not may_see_kept(segment, asking):
        return []
    rows = SegmentMove.objects.visible_to(asking.actor).filter(segment=segment, is_entry=is_entry)
    return list(rows.select_related("customer").order_by("-moved_on", "-pk")[:most])


def closed(segments: Sequence[Segment], asking: Asking) -> set[int]:
    """Those that the actor can't open."""
    return {segment.pk for segment in segments if not may_open(segment, asking)}
