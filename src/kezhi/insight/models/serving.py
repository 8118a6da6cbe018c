from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.core.scoping import OpenQuerySet
from kezhi.customers.models import Customer
from kezhi.insight.models.loss import OfCustomerQuerySet
from kezhi.ledger.models import CostEntry


class RulesQuerySet(OpenQuerySet):
    kind = "value_settings"


class ActivityRate(models.Model):
    """What one visit, call, message or delivery costs from a day on; a later row for the same day replaces it.

    What is counted is on record already: entries of the timeline, days on which a customer ordered, and the
    minutes that colleagues wrote down with their work on tickets, which `service` books at this rate.
    """

    class Activity(models.TextChoices):
        VISIT = "visit", pgettext_lazy("activity rate", "A visit")
        CALL = "call", pgettext_lazy("activity rate", "A call")
        MESSAGE = "message", pgettext_lazy("activity rate", "A message")
        DELIVERY = "delivery", pgettext_lazy("activity rate", "A delivery")
        HOUR = "hour", pgettext_lazy("activity rate", "An hour of service")

    activity = models.CharField(max_length=10, choices=Activity)
    rate = models.DecimalField(max_digits=12, decimal_places=2)
    since_on = models.DateField()
    reason = models.CharField(max_length=300)
    published_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = RulesQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.get_activity_display()} {self.rate}"


class SharedCost(models.Model):
    """A cost known only in total for some days, shared out over those who bought in them by a driver."""

    class Driver(models.TextChoices):
        REVENUE = "revenue", pgettext_lazy("shared by", "Revenue")
        ORDERS = "orders", pgettext_lazy("shared by", "Days with an order")
        LINES = "lines", pgettext_lazy("shared by", "Order lines")
        EQUAL = "equal", pgettext_lazy("shared by", "The same for each buyer")

    activity = models.CharField(max_length=10, choices=CostEntry.Activity)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    first_on = models.DateField()
    last_on = models.DateField()
    driver = models.CharField(max_length=8, choices=Driver)
    remark = models.CharField(max_length=200, blank=True)
    entered_on = models.DateField()
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = RulesQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.get_activity_display()} {self.amount}"


class Unprofitable(models.Model):
    """A customer that cost more than it brought in the 12 months before the last run, and why.

    `costs` are the amounts by component; `causes` are those that take a larger share of revenue than with
    `similar` customers of about that revenue: component, amount, share, their share, what it costs more.
    """

    customer = models.OneToOneField(
        Customer, models.CASCADE, primary_key=True, related_name="unprofitable"
    )
    revenue = models.DecimalField(max_digits=18, decimal_places=2)
    contribution = models.DecimalField(max_digits=18, decimal_places=2)
    costs = models.JSONField(default=dict)
    causes = models.JSONField(default=list)
    similar = models.IntegerField(default=0)

    objects: ClassVar[Any] = OfCustomerQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["contribution", "customer"], name="insight_unprofitable_least")
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.contribution}"
