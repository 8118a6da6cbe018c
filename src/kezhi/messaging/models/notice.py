from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class NoticeQuerySet(models.QuerySet["Notice"]):
    def of(self, person_id: int) -> NoticeQuerySet:
        return self.filter(person_id=person_id)

    def unread(self) -> NoticeQuerySet:
        return self.filter(read_at__isnull=True)


class Notice(models.Model):
    """Something a person should know. Words are chosen when it is read, in the reader's language.

    `about_kind` and `about_id` name the record it is about: whoever may not see that any more isn't told.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    words = models.JSONField(default=dict)
    path = models.CharField(max_length=300, blank=True)
    about_kind = models.CharField(max_length=40, blank=True)
    about_id = models.BigIntegerField(null=True)
    key = models.CharField(max_length=120, null=True)  # noqa: DJ001 (many have none)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    # Waits for the digest, and then names the day whose digest told it.
    is_for_digest = models.BooleanField(default=False)

    objects: ClassVar[Any] = NoticeQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["person", "-id"], name="notices_person"),
            models.Index(
                fields=["person"], name="notices_unread", condition=Q(read_at__isnull=True)
            ),
            models.Index(fields=["person"], name="notices_digest", condition=Q(is_for_digest=True)),
            models.Index(fields=["created_at"], name="notices_age"),
        ]
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="notices_once")]

    def __str__(self) -> str:
        return self.kind


class NoticePreference(models.Model):
    """How a person wants to be told: by kind of notice, at which hours, how often a digest."""

    class Digest(models.TextChoices):
        NONE = "none", pgettext_lazy("digest", "None")
        DAILY = "daily", pgettext_lazy("digest", "Every working day")
        WEEKLY = "weekly", pgettext_lazy("digest", "Every Monday")

    class Way(models.TextChoices):
        MAIL = "mail", _("Here and by mail at once")
        DIGEST = "digest", _("Here and in the digest")
        HERE = "here", _("Only here")
        NONE = "none", _("Not at all")

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+"
    )
    ways = models.JSONField(default=dict)
    digest = models.CharField(max_length=6, choices=Digest, default=Digest.NONE)
    digest_hour = models.PositiveSmallIntegerField(default=8)
    quiet_from = models.PositiveSmallIntegerField(default=21)
    quiet_until = models.PositiveSmallIntegerField(default=8)
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return str(self.person_id)
