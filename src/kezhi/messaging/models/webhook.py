"""Other systems are told what happens here: where to, of what, and what became of every message."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Integration
from kezhi.core.actor import Actor


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def visible_to(self, actor: Actor, action: str = "read") -> WebhookQuerySet:
        """Those of the integrations that the actor sees."""
        return self.filter(integration__in=Integration.objects.visible_to(actor, action))

    def ready(self, at: datetime) -> WebhookQuerySet:
        """Those to which something may be sent now."""
        held_back = Q(hold_until__isnull=False, hold_until__gt=at)
        return self.filter(state=Webhook.State.ACTIVE).exclude(held_back)


class Webhook(models.Model):
    """An address of another system, and what is sent there.

    What the integration's owner may not see, or the integration itself, is not sent; `fields` names by kind of
    record what is sent at most. The secrets are sealed and never shown again.
    """

    class State(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("webhook", "Sending")
        PAUSED = "paused", pgettext_lazy("webhook", "Paused")
        ENDED = "ended", pgettext_lazy("webhook", "Ended with its integration")

    class Pause(models.TextChoices):
        BY_HAND = "by_hand", _("Paused by hand")
        NO_ANSWER = "no_answer", _("No message arrived for three days")
        GONE = "gone", _("The receiver answered that it is gone for good")
        NOT_IN_USE = "not_in_use", _("Its integration isn’t in use any more")

    name = models.CharField(max_length=80)
    url = models.CharField(max_length=500)
    integration = models.ForeignKey(Integration, models.CASCADE, related_name="+")
    deeds = ArrayField(models.CharField(max_length=80), default=list)
    fields = models.JSONField(default=dict)
    secret = models.CharField(max_length=400)
    former_secret = models.CharField(max_length=400, blank=True)
    former_until = models.DateTimeField(null=True)

    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    pause = models.CharField(max_length=12, choices=Pause, blank=True)
    paused_at = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)  # in a row
    failing_since = models.DateTimeField(null=True)
    hold_until = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.BigIntegerField(null=True)
    version = models.IntegerField(default=1)

    objects: ClassVar[Any] = WebhookQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.state == self.State.ACTIVE


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def waiting(self) -> DeliveryQuerySet:
        return self.filter(state=Delivery.State.WAITING)

    def due(self, at: datetime) -> DeliveryQuerySet:
        """What may go now: nothing overtakes an earlier message about the same record.

        What has failed often comes last, so that it doesn't keep others waiting.
        """
        earlier = Delivery.objects.waiting().filter(
            webhook=models.OuterRef("webhook"),
            kind=models.OuterRef("kind"),
            object_id=models.OuterRef("object_id"),
            pk__lt=models.OuterRef("pk"),
        )
        return (
            self.waiting()
            .filter(~models.Exists(earlier), next_at__lte=at)
            .order_by("attempts", "pk")
        )


class Delivery(models.Model):
    """One message to one receiver. It is made by the deed, in its transaction, and filled when it is sent.

    `event_key` is the deed's row in the audit log and the message's own id: a receiver that gets it twice
    knows. What was sent of a record is not kept, only the names of its fields.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("delivery", "Waiting")
        DELIVERED = "delivered", pgettext_lazy("delivery", "Delivered")
        FAILED = "failed", pgettext_lazy("delivery", "Given up")
        WITHHELD = "withheld", pgettext_lazy("delivery", "Not sent: the integration may not see it")

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    event_key = models.UUIDField()
    deed = models.CharField(max_length=80)
    kind = models.CharField(max_length=60)
    object_id = models.BigIntegerField(null=True)
    happened_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.IntegerField(default=0)
    next_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    # The last ones: [{"at": …, "status": 503, "ms": 120}]; status 0 where nobody answered.
    tries = models.JSONField(default=list)
    request = models.TextField(blank=True)
    response = models.TextField(blank=True)

    objects: ClassVar[Any] = DeliveryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["webhook", "event_key"], name="messaging_delivery_once")
        ]
        indexes = [
            models.Index(F("webhook"), F("id").desc(), name="messaging_delivery_list"),
            # In the order of `due`: the next one is found at once among very many.
            models.Index(
                fields=["webhook", "attempts", "id"],
                name="messaging_delivery_next",
                condition=Q(state="waiting"),
            ),
            models.Index(
                fields=["webhook", "kind", "object_id", "id"],
                name="messaging_delivery_order",
                condition=Q(state="waiting"),
            ),
            models.Index(fields=["happened_at"], name="messaging_delivery_at"),
        ]

    def __str__(self) -> str:
        return f"{self.deed} {self.kind} {self.object_id or ''}".strip()

    @property
    def last_try(self) -> dict[str, Any] | None:
        return self.tries[-1] if self.tries else None
