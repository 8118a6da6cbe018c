from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

ALLOWED_FAILURES = 8
WINDOW = timedelta(minutes=15)


class SignInAttemptQuerySet(models.QuerySet["SignInAttempt"]):
    def too_many(self, *, login: str, address: str | None, at: datetime) -> bool:
        """Whether sign-in must wait: too many failures for this login or from this address lately."""
        recent = self.filter(failed_at__gt=at - WINDOW)
        return (
            recent.filter(login=login.lower()).count() >= ALLOWED_FAILURES
            or recent.filter(Q(address=address) & Q(address__isnull=False)).count()
            >= ALLOWED_FAILURES * 4
        )


class SignInAttempt(models.Model):
    """A failed sign-in, kept to slow down guessing; kept in the database so all processes count together."""

    login = models.CharField(max_length=150)
    address = models.GenericIPAddressField(null=True)
    failed_at = models.DateTimeField()

    objects: ClassVar[Any] = SignInAttemptQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["login", "failed_at"], name="accounts_attempt_login"),
            models.Index(fields=["address", "failed_at"], name="accounts_attempt_address"),
        ]

    def __str__(self) -> str:
        return self.login
