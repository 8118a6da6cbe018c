"""What is kept of segments day by day: members, who entered and left, size and value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, tzinfo

from django.db.models import Count, F, Sum

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.customers.models import Segment, SegmentDay
from kezhi.customers.reading_segments import NotOpen, members
from kezhi.customers.segmenting import BATCH, add_rows, remove_rows
from kezhi.workbench.filtering import Asking


@audited("segments.counted")
def count_segments(*, actor: Actor, on: date, zone: tzinfo) -> list[int]:
    """Every segment, once a day: who entered and who left since the last time. The ids of those that were
    counted; a filter that can't be asked any more leaves its segment as it was."""
    counted = []
    for segment in Segment.objects.order_by("pk"):
        if _count(segment, on, Asking(actor, on, zone)):
            counted.append(segment.pk)
    note(segments=len(counted))
    return counted


@audited("segment.counted")
def count_segment(segment: Segment, *, actor: Actor, on: date, zone: tzinfo) -> None:
    """One segment, as soon as it was made or changed."""
    _count(segment, on, Asking(actor, on, zone))


def _count(segment: Segment, on: date, asking: Asking) -> bool:
    row = Segment.objects.select_for_update().filter(pk=segment.pk).first()
    if row is None:
        return False
    entered = left = 0
    if not row.is_frozen:
        try:
            entered, left = _follow(row, on, asking)
        except NotOpen:
            return False
    about = row.members.aggregate(
        size=Count("pk"),
        realised_value=Sum("customer__standing__realised_value"),
        potential_value=Sum("customer__standing__potential_value"),
        value_at_risk=Sum("customer__standing__value_at_risk"),
    )
    Segment.objects.filter(pk=row.pk).update(size=about["size"], counted_on=on)
    day, _is_new = SegmentDay.objects.get_or_create(segment=row, on=on, defaults=about)
    SegmentDay.objects.filter(pk=day.pk).update(
        **about, entered=F("entered") + entered, left=F("left") + left
    )
    return True


def _follow(segment: Segment, on: date, asking: Asking) -> tuple[int, int]:
    """Bring the kept members of a live segment to what its filter finds now."""
    found = members(segment, asking).order_by()
    is_first = segment.counted_on is None
    # By EXCEPT, which hashes both sides whatever the statistics say: an anti-join planned on stale ones
    # asked the whole filter again for every member.
    kept = segment.members.values_list("customer_id", flat=True)
    now = found.values_list("pk", flat=True)
    entering: Iterator[int] = now.difference(kept).iterator(BATCH)
    left = remove_rows(segment, list(kept.difference(now)), on)
    entered = add_rows(segment, entering, on, is_first=is_first)
    return (0 if is_first else entered), left
