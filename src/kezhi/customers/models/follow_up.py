from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from kezhi.core.custom import custom_column
from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models.customer import Customer


class FollowUpQuerySet(ScopedQuerySet):
    """A follow-up belongs to the one who has to do it; managers see by the customer's team and department."""

    kind = "follow_up"
    share_path = "customer_id"
    owner_path = "assignee_id"

    def open(self) -> FollowUpQuerySet:
        return self.filter(done_at__isnull=True)

    def due(self, on: date) -> FollowUpQuerySet:
        """Open and due on that day or before."""
        return self.open().filter(due_on__lte=on)

    def next_of(self, customer_ids: Iterable[int]) -> dict[int, FollowUp]:
        """By customer the open one that is due first, with whom it is for."""
        planned = self.open().filter(customer_id__in=list(customer_ids))
        latest_first = planned.select_related("assignee").order_by("-due_on", "-pk")
        return {each.customer_id: each for each in latest_first}


class FollowUp(models.Model):
    """Something to do with a customer by a day. `despite` says why it is planned although the customer has
    trouble with us that isn't settled."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="follow_ups")
    subject = models.CharField(max_length=200)
    due_on = models.DateField()
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(max_length=500, blank=True)
    despite = models.CharField(max_length=300, blank=True, db_default="")
    team_id = models.BigIntegerField(null=True)
    department_id = models.BigIntegerField(null=True)
    custom = custom_column()
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.BigIntegerField(null=True)

    objects: ClassVar[Any] = FollowUpQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["assignee", "due_on"],
                name="follow_ups_open",
                condition=models.Q(done_at__isnull=True),
            ),
            models.Index(fields=["customer", "due_on"], name="follow_ups_customer"),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_done(self) -> bool:
        return self.done_at is not None
