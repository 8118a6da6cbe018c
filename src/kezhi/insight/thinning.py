"""History is kept by the day for five weeks, then by the month; moves between tiers are kept for ever."""

from __future__ import annotations

from datetime import date, timedelta

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.insight.models import ValueRun
from kezhi.insight.publishing import forget_snapshots

DAILY = timedelta(days=35)


@audited("history.thinned")
def thin_history(*, actor: Actor, on: date) -> int:
    """Drop snapshots older than 35 days but for the last run of each month.

    Returns how many runs lost theirs.
    """
    old = (
        ValueRun.objects.select_for_update()
        .readable()
        .filter(as_of__lte=on - DAILY)
        .only("pk", "as_of")
    )
    kept: set[tuple[int, int]] = set()
    gone: list[int] = []
    for run in old:  # the latest day first
        month = (run.as_of.year, run.as_of.month)
        if month in kept:
            gone.append(run.pk)
        kept.add(month)
    if gone:
        note(runs=len(gone), snapshots=forget_snapshots(gone))
    return len(gone)
