"""What other systems are told when many customers change hands: one message, and which customers."""

from __future__ import annotations

from collections.abc import Sequence

from kezhi.audit.models import Entry
from kezhi.customers.models import HandOverItem
from kezhi.messaging.webhooks import batches


def register() -> None:
    for deed in ("hand_over.done", "hand_over.taken_back"):
        batches.register(deed, batches.Batch(lambda _entry: "customer", handed_over))


def handed_over(entry: Entry, after: int, limit: int) -> Sequence[int]:
    rows = HandOverItem.objects.filter(
        hand_over_id=entry.subject_id, kind="customer", object_id__gt=after
    )
    return list(rows.order_by("object_id").values_list("object_id", flat=True)[:limit])
