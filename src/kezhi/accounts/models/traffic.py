from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from kezhi.accounts.models.integration import Integration


class Bucket(models.Model):
    """How many requests an integration may send at once, refilled by time; lost in a crash, it is full."""

    integration = models.OneToOneField(
        Integration, models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    level = models.FloatField()
    filled_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.level:g}"


class KeptAnswer(models.Model):
    """What a request with an idempotency key was answered: the same request again gets the same."""

    integration = models.ForeignKey(
        Integration, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)  # of what was asked: method, address, body
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["integration", "key"], name="accounts_answer_key")
        ]
        indexes = [models.Index(fields=["created_at"], name="accounts_answer_age")]

    def __str__(self) -> str:
        return self.key


class RowsTaken(models.Model):
    """How many rows a person exported, or an integration read, on a day, and whether that was told."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+", db_index=False
    )
    integration = models.ForeignKey(
        Integration, models.CASCADE, null=True, related_name="+", db_index=False
    )
    day = models.DateField(db_index=True)
    rows = models.BigIntegerField(default=0)
    is_told = models.BooleanField(default=False)
    is_refusal_told = models.BooleanField(default=False, db_default=False)

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=True) ^ Q(integration__isnull=True),
                name="accounts_rows_of_one",
            ),
            models.UniqueConstraint(
                fields=["person", "integration", "day"],
                name="accounts_rows_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.rows}"
