from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from kezhi.rights.models.request import DataRequest


class Erasure(models.Model):
    """That a person was forgotten: by ids and keyed hashes only, so that it can be done again after a restore.

    A copy of each stands in the data folder, because a restored database doesn't know those made after it was
    copied. `key` tells the two apart from others.
    """

    key = models.UUIDField(unique=True)
    request = models.ForeignKey(DataRequest, models.SET_NULL, null=True, related_name="erasures")
    root = models.CharField(max_length=10)  # customer or contact
    root_id = models.BigIntegerField()
    pseudonym = models.CharField(max_length=60)
    digests = ArrayField(models.CharField(max_length=64), default=list)
    counts = models.JSONField(default=dict)
    erased_at = models.DateTimeField()
    reapplied_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["root", "root_id"], name="rights_erasure_root")]

    def __str__(self) -> str:
        return self.pseudonym


class Suppression(models.Model):
    """A keyed hash of what a forgotten person was known by: an import doesn't bring them back."""

    erasure = models.ForeignKey(Erasure, models.CASCADE, related_name="suppressions")
    digest = models.CharField(max_length=64, db_index=True)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest[:8]


class LegalHold(models.Model):
    """Data that must stay although a person or the clock asks for its end: a dispute, an audit, a court.

    Of a customer with everything that hangs on it, or of a whole table.
    """

    customer_id = models.BigIntegerField(null=True)
    table_name = models.CharField(max_length=63, blank=True)
    reason = models.CharField(max_length=300)
    since = models.DateField()
    set_by_id = models.BigIntegerField(null=True)
    set_by_name = models.CharField(max_length=150)
    ended_on = models.DateField(null=True)
    end_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["customer_id"], name="rights_hold_customer")]

    def __str__(self) -> str:
        return self.reason


class RetentionRule(models.Model):
    """How long rows of a table stay, and what for. Without a row the product's own time counts."""

    table_name = models.CharField(max_length=63, unique=True)
    purpose = models.CharField(max_length=200)
    days = models.PositiveIntegerField()
    set_by_id = models.BigIntegerField(null=True)
    set_on = models.DateField()

    def __str__(self) -> str:
        return self.table_name


class RetentionRun(models.Model):
    """What a night's clearing took away, or would have: rows by table."""

    at = models.DateTimeField()
    is_dry = models.BooleanField()
    removed = models.JSONField(default=dict)
    held = models.JSONField(default=dict)
    overdue = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d}"


class RightsRules(models.Model):
    """The deadlines and limits that the company works by: one row."""

    pipl_working_days = models.PositiveSmallIntegerField(default=15)
    gdpr_days = models.PositiveSmallIntegerField(default=30)
    package_days = models.PositiveSmallIntegerField(default=14)
    transfer_limit = models.PositiveIntegerField(default=100_000)
    sensitive_limit = models.PositiveIntegerField(default=10_000)
    officer = models.CharField(max_length=200, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.officer or "–"
