from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from kezhi.catalog.models import Product
from kezhi.core.custom import custom_column
from kezhi.core.owned import Owned
from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models import Customer


class OrderQuerySet(ScopedQuerySet):
    kind = "order"
    share_path = "customer_id"


class OrderLineQuerySet(ScopedQuerySet):
    """A line is whose its order is."""

    kind = "order_line"
    share_path = "customer_id"
    owner_path = "order__owner_id"
    team_path = "order__team_id"
    department_path = "order__department_id"


class Order(Owned):
    """What a customer bought on a day. `amount` is the sum of the lines, net of tax and discount.

    `due_on` and `paid_on` are when it was to be paid and when it was, where the company's books tell: without a
    due date nobody says whether it was paid late, with one and no `paid_on` it is still open. `promised_on` and
    `delivered_on` are the day of delivery that the customer was told and the day the last of it came.
    """

    number = models.CharField(max_length=60, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="orders", db_index=False)
    ordered_on = models.DateField()
    due_on = models.DateField(null=True, blank=True)
    paid_on = models.DateField(null=True, blank=True)
    promised_on = models.DateField(null=True, blank=True)
    delivered_on = models.DateField(null=True, blank=True)
    channel = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    lines_count = models.IntegerField(default=0)
    remark = models.CharField(max_length=300, blank=True)
    custom = custom_column()
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = OrderQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-ordered_on", "-id"], name="orders_customer"),
            models.Index(fields=["-ordered_on", "-id"], name="orders_day"),
            models.Index(fields=["owner_id", "-ordered_on", "-id"], name="orders_owner"),
            models.Index(fields=["team_id", "-ordered_on", "-id"], name="orders_team"),
            models.Index(fields=["department_id", "-ordered_on", "-id"], name="orders_department"),
            # Only the orders that tell: whose file has no such column pays nothing for it.
            models.Index(
                fields=["due_on", "id"],
                condition=models.Q(due_on__isnull=False),
                name="orders_due",
            ),
            models.Index(
                fields=["due_on", "id"],
                condition=models.Q(due_on__isnull=False, paid_on__isnull=True),
                name="orders_open",
            ),
            models.Index(
                fields=["paid_on", "id"],
                condition=models.Q(paid_on__isnull=False),
                name="orders_paid",
            ),
            models.Index(
                fields=["delivered_on", "id"],
                condition=models.Q(delivered_on__isnull=False),
                name="orders_delivered",
            ),
            models.Index(
                fields=["promised_on", "id"],
                condition=models.Q(promised_on__isnull=False, delivered_on__isnull=True),
                name="orders_to_deliver",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(number=""), name="orders_number_given"),
            models.CheckConstraint(
                condition=models.Q(due_on__isnull=True)
                | models.Q(due_on__gte=models.F("ordered_on")),
                name="orders_due_after_order",
            ),
            models.CheckConstraint(
                condition=models.Q(paid_on__isnull=True)
                | models.Q(paid_on__gte=models.F("ordered_on")),
                name="orders_paid_after_order",
            ),
            models.CheckConstraint(
                condition=models.Q(promised_on__isnull=True)
                | models.Q(promised_on__gte=models.F("ordered_on")),
                name="orders_promised_after_order",
            ),
            models.CheckConstraint(
                condition=models.Q(delivered_on__isnull=True)
                | models.Q(delivered_on__gte=models.F("ordered_on")),
                name="orders_delivered_after_order",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """One product of an order; returns and credit notes are negative.

    `line_key` makes the same line of the same file come out the same: importing twice adds nothing.
    `ordered_on` and `customer` repeat the order's: the value run reads lines alone. The database doesn't
    check the three references line by line (docs/decisions/order-lines-are-checked-in-sets.md): whoever
    writes lines locks what they refer to. `cost` is the cost of goods of the whole line; null where nobody
    knows it.
    """

    order = models.ForeignKey(
        Order, models.CASCADE, related_name="lines", db_index=False, db_constraint=False
    )
    line_key = models.CharField(max_length=64)
    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    ordered_on = models.DateField()
    quantity = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    cost = models.DecimalField(max_digits=18, decimal_places=2, null=True)

    objects: ClassVar[Any] = OrderLineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "line_key"], name="order_lines_key")
        ]
        indexes = [
            models.Index(fields=["customer", "ordered_on"], name="order_lines_customer"),
            # Lines come in about the order of their days: a few pages of index cut a report's months out.
            BrinIndex(fields=["ordered_on"], name="order_lines_day", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.line_key[:8]}"
