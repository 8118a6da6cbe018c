from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.customers.models.belonging import Belonging, BelongingQuerySet


class AddressQuerySet(BelongingQuerySet):
    kind = "address"


class Address(Belonging):
    """Where a party is registered, receives goods or invoices, or is visited; each use has one main address."""

    class Use(models.TextChoices):
        REGISTERED = "registered", pgettext_lazy("use of an address", "Registered office")
        DELIVERY = "delivery", pgettext_lazy("use of an address", "Delivery")
        INVOICE = "invoice", pgettext_lazy("use of an address", "Invoices")
        VISIT = "visit", pgettext_lazy("use of an address", "Visits")
        WAREHOUSE = "warehouse", pgettext_lazy("use of an address", "Warehouse")

    use = models.CharField(max_length=12, choices=Use, default=Use.DELIVERY)
    line = models.CharField(max_length=500)  # the whole address as one writes it, from its parts
    country = models.CharField(max_length=60, blank=True)
    province = models.CharField(max_length=60, blank=True)
    city = models.CharField(max_length=60, blank=True)
    district = models.CharField(max_length=60, blank=True)
    street = models.CharField(max_length=200, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    contact_name = models.CharField(max_length=100, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    is_main = models.BooleanField(default=False)
    remark = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = AddressQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner_id", "-id"], name="addresses_owner"),
            models.Index(fields=["team_id", "-id"], name="addresses_team"),
            models.Index(fields=["department_id", "-id"], name="addresses_department"),
            models.Index(fields=["-created_at", "-id"], name="addresses_created"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "use"],
                condition=models.Q(is_main=True),
                name="addresses_one_main",
            )
        ]

    def __str__(self) -> str:
        return self.line
