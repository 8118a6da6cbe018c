"""Other systems tell what happens there: where they may, what becomes of it, and what came."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import F
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Integration
from kezhi.core.actor import Actor


class InboundWebhookQuerySet(models.QuerySet["InboundWebhook"]):
    def visible_to(self, actor: Actor, action: str = "read") -> InboundWebhookQuerySet:
        """Those of the integrations that the actor sees."""
        return self.filter(integration__in=Integration.objects.visible_to(actor, action))


class InboundWebhook(models.Model):
    """An address of ours where one other system tells what happened, signed with a secret that both know.

    `rules` say by type of message what is done: create or edit a record of a kind, found by its number.
    It is done as by the integration: with what its owner may do, cut down to what it was given.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)
    integration = models.ForeignKey(Integration, models.CASCADE, related_name="+")
    rules = models.JSONField(default=list)
    secret = models.CharField(max_length=400)
    former_secret = models.CharField(max_length=400, blank=True)
    former_until = models.DateTimeField(null=True)
    is_active = models.BooleanField(default=True)
    received_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.IntegerField(default=1)

    objects: ClassVar[Any] = InboundWebhookQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Received(models.Model):
    """One message that came, by the sender's id: the same one again changes nothing and is answered alike."""

    class State(models.TextChoices):
        DONE = "done", pgettext_lazy("received message", "Done")
        SAME = "same", pgettext_lazy("received message", "Known already")
        LATE = "late", pgettext_lazy("received message", "Overtaken by a later one")
        PASSED = "passed", pgettext_lazy("received message", "No rule for it")
        REFUSED = "refused", pgettext_lazy("received message", "Refused")

    webhook = models.ForeignKey(InboundWebhook, models.CASCADE, related_name="received")
    message_id = models.CharField(max_length=200)
    type = models.CharField(max_length=120)
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State)
    said = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=60, blank=True)
    number = models.CharField(max_length=200, blank=True)
    object_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "message_id"], name="messaging_received_once"
            )
        ]
        indexes = [
            models.Index(F("webhook"), F("id").desc(), name="messaging_received_list"),
            # What came of a record, and when: a message that was overtaken changes nothing.
            models.Index(
                fields=["webhook", "kind", "number", "-sent_at"], name="messaging_received_order"
            ),
            models.Index(fields=["received_at"], name="messaging_received_at"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"
