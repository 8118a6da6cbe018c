from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.core.custom import custom_column
from kezhi.core.names import name_key
from kezhi.core.owned import Owned
from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models.customer import Customer


class ContactQuerySet(ScopedQuerySet):
    kind = "contact"
    share_path = "customer_id"


class Contact(Owned):
    """A person at a customer. Owner, team and department are the customer's."""

    class DecisionRole(models.TextChoices):
        BUYER = "buyer", pgettext_lazy("decision role", "Buyer")
        USER = "user", pgettext_lazy("decision role", "User")
        DECIDER = "decider", pgettext_lazy("decision role", "Decider")
        INFLUENCER = "influencer", pgettext_lazy("decision role", "Influencer")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=100)
    name_key = models.CharField(max_length=200)
    title = models.CharField(max_length=80, blank=True)
    decision_role = models.CharField(
        _("Decision role"), max_length=10, choices=DecisionRole, blank=True
    )
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(max_length=254, blank=True)
    wechat = models.CharField(max_length=60, blank=True)
    is_primary = models.BooleanField(default=False)
    birthday = models.DateField(null=True, blank=True)
    preferences = models.TextField(blank=True, db_default="")
    has_left = models.BooleanField(default=False, db_default=False)
    remark = models.TextField(blank=True)
    custom = custom_column()
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = ContactQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "name_key"], name="contacts_customer"),
            models.Index(fields=["owner_id", "-id"], name="contacts_owner"),
            models.Index(fields=["team_id", "-id"], name="contacts_team"),
            models.Index(fields=["department_id", "-id"], name="contacts_department"),
            models.Index(fields=["name_key", "id"], name="contacts_name_key"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = name_key(self.name)
        super().save(*args, **kwargs)
