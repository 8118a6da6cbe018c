from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from kezhi.customers.models import Customer
from kezhi.insight.models.loss import OfCustomerQuerySet
from kezhi.insight.models.serving import RulesQuerySet


class CapitalRate(models.Model):
    """What the company's capital costs a year from a day on, as a fraction; a later row for the same day
    replaces it. Each day that an amount is late costs at the rate of that day; before the first row nothing.
    """

    rate = models.DecimalField(max_digits=6, decimal_places=4)
    since_on = models.DateField()
    reason = models.CharField(max_length=300)
    published_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = RulesQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rate__gte=0) & models.Q(rate__lte=1),
                name="insight_capital_rate_is_a_share",
            )
        ]

    def __str__(self) -> str:
        return f"{self.rate} {self.since_on:%Y-%m-%d}"


class PaymentBehaviour(models.Model):
    """How a customer paid what came due until the last run; no row where no order carries a due date.

    `orders` came due, `late_orders` of them were paid late or are; `mean_days_late` and `share_on_time` are
    weighted by amount. `overdue` was due and open on the day of the run, in `overdue_orders`. `cost` is what
    lateness cost at the capital rate so far, contained in the cost to serve; `cost_12m` of the last 12 months.
    """

    customer = models.OneToOneField(
        Customer, models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    orders = models.IntegerField()
    late_orders = models.IntegerField()
    mean_days_late = models.FloatField()
    share_on_time = models.FloatField()
    overdue = models.DecimalField(max_digits=18, decimal_places=2)
    overdue_orders = models.IntegerField()
    cost = models.DecimalField(max_digits=18, decimal_places=2)
    cost_12m = models.DecimalField(max_digits=18, decimal_places=2)

    objects: ClassVar[Any] = OfCustomerQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.customer_id} {self.share_on_time:.2f}"

    @property
    def share_late(self) -> float:
        """Of the orders that came due."""
        return self.late_orders / self.orders
