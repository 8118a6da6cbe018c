from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.core.custom import custom_column
from kezhi.core.owned import Owned
from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models.contact import Contact
from kezhi.customers.models.customer import Customer


class InteractionQuerySet(ScopedQuerySet):
    kind = "interaction"
    share_path = "customer_id"


class Interaction(Owned):
    """Something that happened with a customer: one line of the timeline. Owner etc. are the customer's."""

    class Channel(models.TextChoices):
        CALL = "call", _("Call")
        VISIT = "visit", _("Visit")
        WECHAT = "wechat", _("WeChat")
        EMAIL = "email", _("E-mail")
        NOTE = "note", pgettext_lazy("timeline", "Note")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="interactions")
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="interactions"
    )
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.NOTE)
    text = models.TextField()
    at = models.DateTimeField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    is_pinned = models.BooleanField(default=False, db_default=False)
    edited_at = models.DateTimeField(null=True, blank=True)
    custom = custom_column()
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = InteractionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-at", "-id"], name="interactions_customer"),
            models.Index(fields=["owner_id", "-at"], name="interactions_owner"),
            models.Index(
                fields=["customer"], name="interactions_pinned", condition=models.Q(is_pinned=True)
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]
