from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from kezhi.core.actor import Actor
from kezhi.messaging.models.mail_account import MailAccount


class IncomingQuerySet(models.QuerySet["Incoming"]):
    def visible_to(self, actor: Actor, action: str = "read") -> IncomingQuerySet:
        """What came to mailboxes the actor works with."""
        if not actor.may(action, "mail"):
            return self.none()
        return self.filter(account__in=MailAccount.objects.visible_to(actor))


class Incoming(models.Model):
    """A mail that came: kept as it was (a file), read into text, and filed with a customer if it is known."""

    class State(models.TextChoices):
        FILED = "filed", pgettext_lazy("incoming mail", "Filed")
        SEVERAL = "several", pgettext_lazy("incoming mail", "Several customers fit")
        UNKNOWN = "unknown", pgettext_lazy("incoming mail", "Unknown sender")
        IGNORED = "ignored", pgettext_lazy("incoming mail", "Set aside")

    class Nature(models.TextChoices):
        LETTER = "letter", pgettext_lazy("mail", "Letter")
        AUTOMATIC = "automatic", pgettext_lazy("mail", "Automatic answer")
        BOUNCE = "bounce", pgettext_lazy("mail", "Couldn’t be delivered")
        LIST = "list", pgettext_lazy("mail", "Newsletter or list")

    account = models.ForeignKey(MailAccount, models.CASCADE, related_name="incoming")
    uid_validity = models.BigIntegerField()
    uid = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    stored_as = models.UUIDField(default=uuid.uuid4, unique=True)
    size = models.PositiveIntegerField()
    message_id = models.CharField(max_length=300, blank=True)
    in_reply_to = models.CharField(max_length=300, blank=True)
    references = ArrayField(models.CharField(max_length=300), default=list)
    from_address = models.CharField(max_length=254, blank=True)
    from_name = models.CharField(max_length=200, blank=True)
    reply_to = models.CharField(max_length=254, blank=True)
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list)
    subject = models.CharField(max_length=500, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    files = models.JSONField(default=list)
    problems = models.JSONField(default=list)
    nature = models.CharField(max_length=9, choices=Nature, default=Nature.LETTER)
    state = models.CharField(max_length=7, choices=State, default=State.UNKNOWN)
    candidates = ArrayField(models.BigIntegerField(), default=list)
    customer_id = models.BigIntegerField(null=True)
    about_kind = models.CharField(max_length=40, blank=True)
    about_id = models.BigIntegerField(null=True)
    answers_id = models.BigIntegerField(null=True)
    received_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = IncomingQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["account", "-id"], name="incoming_account"),
            models.Index(
                fields=["account", "-id"],
                name="incoming_to_settle",
                condition=Q(state__in=["unknown", "several"]),
            ),
            models.Index(fields=["from_address"], name="incoming_from"),
            models.Index(fields=["message_id"], name="incoming_message_id"),
            models.Index(fields=["about_kind", "about_id"], name="incoming_about"),
            models.Index(fields=["customer_id", "-id"], name="incoming_customer"),
        ]
        constraints = [
            # The same mail again, under another number (the server renumbered): kept once.
            models.UniqueConstraint(fields=["account", "sha256"], name="incoming_once"),
        ]

    def __str__(self) -> str:
        return self.subject or self.from_address
