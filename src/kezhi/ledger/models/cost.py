from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.core.custom import custom_column
from kezhi.core.owned import Owned
from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models import Customer


class CostEntryQuerySet(ScopedQuerySet):
    kind = "cost"
    share_path = "customer_id"


class CostEntry(Owned):
    """What serving a customer cost on a day, beyond the goods; a correction is a negative entry."""

    class Activity(models.TextChoices):
        SERVICE = "service", _("Service hours")
        VISIT = "visit", pgettext_lazy("cost to serve", "Visits")
        FREIGHT = "freight", _("Freight and delivery")
        DISCOUNT = "discount", _("Discounts outside the price")
        CAMPAIGN = "campaign", _("Marketing touches")
        EXPENSE = "expense", _("Expense reports")
        REDRESS = "redress", pgettext_lazy("cost to serve", "Compensation for complaints")
        OTHER = "other", pgettext_lazy("cost to serve", "Other")

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="costs")
    activity = models.CharField(max_length=10, choices=Activity)
    incurred_on = models.DateField()
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    remark = models.CharField(max_length=200, blank=True)
    entry_key = models.CharField(max_length=64, unique=True)
    custom = custom_column()
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = CostEntryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-incurred_on"], name="costs_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.get_activity_display()} {self.amount}"
