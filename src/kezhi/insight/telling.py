"""What other systems are told when value was measured: one message, and whose tier moved."""

from __future__ import annotations

from collections.abc import Sequence

from kezhi.audit.models import Entry
from kezhi.insight.models import TierMove, ValueRun
from kezhi.messaging.webhooks import batches


def register() -> None:
    batches.register("value_run.published", batches.Batch(lambda _entry: "customer", moved))


def moved(entry: Entry, after: int, limit: int) -> Sequence[int]:
    run = ValueRun.objects.filter(pk=entry.subject_id or 0).first()
    if run is None:
        return ()
    rows = TierMove.objects.filter(run=run, moved_on=run.as_of, customer_id__gt=after)
    return list(rows.order_by("customer_id").values_list("customer_id", flat=True)[:limit])
