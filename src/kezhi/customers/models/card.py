"""Business cards on their way into the database, tied to the event that they come from."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models.contact import Contact
from kezhi.customers.models.customer import Customer


class CardBatchQuerySet(ScopedQuerySet):
    kind = "card"


class CardBatch(models.Model):
    """The cards of one event: who brought them, from where, and how far they are worked through."""

    event = models.CharField(max_length=120)
    held_on = models.DateField()
    place = models.CharField(max_length=120, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    team_id = models.BigIntegerField(null=True)
    department_id = models.BigIntegerField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = CardBatchQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-id"], name="customers_card_batch_owner"),
            models.Index(fields=["department_id", "-id"], name="customers_card_batch_dept"),
        ]

    def __str__(self) -> str:
        return self.event


class Card(models.Model):
    """One card: what was read from it, what a person confirmed, and whom it led to.

    `text` is the source as it was read or typed. A picture lies in the store under a name nobody chose.
    """

    class Source(models.TextChoices):
        FILE = "file", pgettext_lazy("business card", "vCard file")
        TEXT = "text", pgettext_lazy("business card", "Text or QR code")
        PHOTO = "photo", pgettext_lazy("business card", "Photo")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("business card", "To confirm")
        DONE = "done", pgettext_lazy("business card", "Taken in")
        SKIPPED = "skipped", pgettext_lazy("business card", "Left out")

    batch = models.ForeignKey(CardBatch, models.CASCADE, related_name="cards", db_index=False)
    position = models.PositiveIntegerField()
    source = models.CharField(max_length=5, choices=Source)
    file_name = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    stored_as = models.UUIDField(null=True, unique=True)
    fields = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, related_name="+")
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_by_id = models.BigIntegerField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="customers_card_position")
        ]

    def __str__(self) -> str:
        return str(self.fields.get("name") or self.fields.get("company") or self.position)
