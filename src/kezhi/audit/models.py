"""Who did what, when, why, and what it changed. Rows are added, never changed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now

from kezhi.core.scoping import OpenQuerySet


class CurrentTransaction(models.Func):
    """The server's own number of a transaction: what the first rows were told by (a migration names it)."""

    function = "txid_current"
    arity = 0
    output_field = models.BigIntegerField()


class RecordedTransaction(models.Func):
    """The number of the transaction that writes the row: what a seal covers is told by it.

    A restored dump comes into a server that counts its transactions from the beginning; `kezhi_transaction`
    counts on from what was recorded.
    """

    function = "kezhi_transaction"
    arity = 0
    output_field = models.BigIntegerField()


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
    tx = models.BigIntegerField(db_default=RecordedTransaction(), editable=False)

    objects: ClassVar[Any] = EntryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "-id"], name="audit_entry_subject"),
            models.Index(fields=["actor_id", "-id"], name="audit_entry_actor"),
            models.Index(fields=["deed", "-id"], name="audit_entry_deed"),
            models.Index(fields=["at"], name="audit_entry_at"),
            models.Index(fields=["tx", "id"], name="audit_entry_tx"),
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
    tx = models.BigIntegerField(db_default=RecordedTransaction(), editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["table_name", "row_id", "-id"], name="audit_change_row"),
            models.Index(fields=["tx", "id"], name="audit_change_tx"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.table_name} {self.row_id}"


class Sighting(models.Model):
    """That a person saw personal data of a record on a day: one row, however often they looked."""

    at = models.DateTimeField(auto_now_add=True, db_default=Now())
    day = models.DateField()
    actor_id = models.BigIntegerField()
    actor_name = models.CharField(max_length=150)
    kind = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    title = models.CharField(max_length=250)
    where = models.CharField(max_length=20)  # page, list, peek, export …
    tx = models.BigIntegerField(db_default=RecordedTransaction(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "object_id", "actor_id", "day"], name="audit_sighting_once_a_day"
            )
        ]
        indexes = [
            models.Index(fields=["actor_id", "-id"], name="audit_sighting_actor"),
            # Whose data was seen within some days is asked after a breach, over all of the log.
            models.Index(fields=["day", "actor_id"], name="audit_sighting_day"),
            models.Index(fields=["tx", "id"], name="audit_sighting_tx"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.title}"


class Seal(models.Model):
    """A link of the chain: everything that transactions from `since_tx` to below `until_tx` recorded.

    `digest` covers those rows and the digest before, under a key that isn't in the database. Transactions of a
    range had all ended when it was sealed, so that nothing can be added to it later.
    """

    at = models.DateTimeField(auto_now_add=True)
    since_tx = models.BigIntegerField()
    until_tx = models.BigIntegerField(unique=True)
    rows = models.BigIntegerField()
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.since_tx} … {self.until_tx}"


class Redaction(models.Model):
    """That rows under a seal had a person's name taken out, lawfully: the digest that they have since.

    The digest is made under the same key as the seal's, so that only the program can have made it; the newest
    of a seal counts.
    """

    at = models.DateTimeField(auto_now_add=True)
    seal = models.ForeignKey(Seal, models.PROTECT, related_name="redactions")
    rows = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=100)

    def __str__(self) -> str:
        return f"{self.seal_id} {self.reason}"
