from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Department
from kezhi.catalog.models import Product
from kezhi.core.actor import Actor
from kezhi.customers.models.belonging import Belonging, BelongingQuerySet
from kezhi.customers.models.contact import Contact


class NeedQuerySet(BelongingQuerySet):
    kind = "need"

    def _own(self, actor: Actor, at: str) -> models.Q:
        """Beside the customer's people, whoever has to answer it: needs cross departments."""
        return super()._own(actor, at) | models.Q(handler_id__in=actor.own_ids)

    def open(self) -> NeedQuerySet:
        return self.filter(state__in=Need.OPEN_STATES)

    def overdue(self, on: date) -> NeedQuerySet:
        return self.open().filter(reply_due_on__lt=on)


class Need(Belonging):
    """What a customer asks of us, and who sees to it: there is always somebody, whatever department.

    `handler` answers for the need; `owner_id` is the customer's owner as on every record of a customer.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("need", "Open")
        IN_PROGRESS = "in_progress", pgettext_lazy("need", "In progress")
        ANSWERED = "answered", pgettext_lazy("need", "Answered")
        DECLINED = "declined", pgettext_lazy("need", "Declined")

    OPEN_STATES = (State.OPEN, State.IN_PROGRESS)

    what = models.CharField(max_length=300)
    why = models.TextField(blank=True)
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="needs"
    )
    product = models.ForeignKey(
        Product, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    quantity = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    handler = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    handling_department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    reason = models.CharField(max_length=300, blank=True)
    raised_on = models.DateField()
    reply_due_on = models.DateField()
    reply = models.TextField(blank=True)
    replied_on = models.DateField(null=True, blank=True)

    objects: ClassVar[Any] = NeedQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "state", "reply_due_on"], name="needs_customer"),
            models.Index(fields=["owner_id", "reply_due_on"], name="needs_owner"),
            models.Index(fields=["team_id", "reply_due_on"], name="needs_team"),
            models.Index(fields=["department_id", "reply_due_on"], name="needs_department"),
            models.Index(fields=["reply_due_on", "id"], name="needs_due"),
            models.Index(fields=["handler", "state", "reply_due_on"], name="needs_handler"),
            models.Index(fields=["product", "state"], name="needs_product"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="declined") | ~models.Q(reason=""),
                name="needs_declined_with_reason",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="answered") | models.Q(replied_on__isnull=False),
                name="needs_answered_on_a_day",
            ),
        ]

    def __str__(self) -> str:
        return self.what

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN_STATES
