from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models

from kezhi.core.owned import Owned
from kezhi.core.scoping import ScopedQuerySet

UNDO_DAYS = 30


class MergeQuerySet(ScopedQuerySet):
    kind = "merge"
    share_path = "customer_id"


class Merge(Owned):
    """Two records that became one, with all that is needed to take them apart again for 30 days.

    The ids have no foreign keys: the merged record is gone, the survivor may follow. `moved` lists rows by
    table and column; `dropped` holds rows that the survivor has already; `before` and `after` are the
    survivor's row, `merged` is the other's.
    """

    kind = models.CharField(max_length=40)
    survivor_id = models.BigIntegerField(db_index=True)
    merged_id = models.BigIntegerField()
    survivor_title = models.CharField(max_length=250)
    merged_title = models.CharField(max_length=250)
    merged_code = models.CharField(max_length=40, blank=True)
    customer_id = (
        models.BigIntegerField()
    )  # the surviving customer, or the customer of merged contacts
    before = models.JSONField()
    after = models.JSONField()
    merged = models.JSONField()
    moved = models.JSONField(default=list)
    dropped = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    reason = models.CharField(max_length=300, blank=True)
    actor_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by_id = models.BigIntegerField(null=True)
    kept = models.JSONField(
        default=list
    )  # what an undo left as it was, because somebody changed it

    objects: ClassVar[Any] = MergeQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["kind", "merged_id"], name="customers_merge_merged"),
            models.Index(
                fields=["merged_code"],
                name="customers_merge_code",
                condition=~models.Q(merged_code=""),
            ),
            models.Index(fields=["-at"], name="customers_merge_at"),
        ]

    def __str__(self) -> str:
        return f"{self.merged_title} → {self.survivor_title}"

    @property
    def undo_until(self) -> datetime:
        return self.at + timedelta(days=UNDO_DAYS)

    def is_undoable(self, at: datetime) -> bool:
        return self.undone_at is None and at <= self.undo_until
