"""Who did what, when, why, and what it changed. Rows are added, never changed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from kezhi.core.scoping import OpenQuerySet


class EntryQuerySet(OpenQuerySet):
    kind = "audit"


class Entry(models.Model):
    """One deed. The actor's name is kept as it was; the id has no foreign key, people come and go."""

    at = models.DateTimeField(auto_now_add=True)
    key = models.UUIDField(unique=True)
    deed = models.CharField(max_length=80)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150)
    subject_kind = models.CharField(max_length=60, blank=True)
    subject_id = models.BigIntegerField(null=True)
    subject_title = models.CharField(max_length=250, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    detail = models.JSONField(default=dict)

    objects: ClassVar[Any] = EntryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "-id"], name="audit_entry_subject"),
            models.Index(fields=["actor_id", "-id"], name="audit_entry_actor"),
            # How many masked entries somebody looked at lately is asked at each look.
            models.Index(
                fields=["actor_id", "-id"],
                name="audit_entry_reveals",
                condition=models.Q(deed="entry.revealed"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deed} {self.subject_title}".strip()


class Change(models.Model):
    """One row changed by a deed, written by the database itself: raw and bulk SQL included."""

    at = models.DateTimeField(auto_now_add=True)
    deed_key = models.CharField(max_length=40, blank=True, db_index=True)
    table_name = models.CharField(max_length=63)
    row_id = models.BigIntegerField(null=True)
    operation = models.CharField(max_length=6)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["table_name", "row_id", "-id"], name="audit_change_row")]

    def __str__(self) -> str:
        return f"{self.operation} {self.table_name} {self.row_id}"
