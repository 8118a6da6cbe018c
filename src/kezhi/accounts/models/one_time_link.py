from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models


class LinkPurpose(models.TextChoices):
    INVITATION = "invitation"
    RESET = "reset"


# Long enough to hand a link over, too short for one that turns up in an old message.
LIFE = timedelta(minutes=60)


class OneTimeLinkQuerySet(models.QuerySet["OneTimeLink"]):
    def open(self, *, at: datetime) -> OneTimeLinkQuerySet:
        return self.filter(used_at=None, expires_at__gt=at)


class OneTimeLink(models.Model):
    """Lets one person set their password once. Only the token's digest is kept.

    `state_digest` is of the person's sign-in name, e-mail and password when the link was made: whichever
    changes, the link is dead.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="links")
    purpose = models.CharField(max_length=12, choices=LinkPurpose)
    digest = models.CharField(max_length=64, unique=True)
    state_digest = models.CharField(max_length=64)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = OneTimeLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return self.purpose
