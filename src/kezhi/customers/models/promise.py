from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.core.actor import Actor, Scope
from kezhi.customers.models.belonging import Belonging, BelongingQuerySet
from kezhi.customers.models.contact import Contact
from kezhi.customers.models.customer import Customer


class PromiseQuerySet(BelongingQuerySet):
    kind = "promise"

    def within(self, scope: Scope, actor: Actor, action: str = "read", via: str = "") -> Self:
        """Who gave a promise may settle it, as long as they see the customer."""
        rows = super().within(scope, actor, action, via)
        if action != "edit" or scope in (Scope.ALL, Scope.NONE):
            return rows
        known = Customer.objects.visible_to(actor).values("pk")
        return rows | self.filter(made_by_id__in=actor.own_ids, customer__in=known)

    def open(self) -> PromiseQuerySet:
        return self.filter(state=Promise.State.OPEN)

    def overdue(self, on: date) -> PromiseQuerySet:
        return self.open().filter(due_on__lt=on)

    def beside(self, promise: Promise) -> PromiseQuerySet:
        """Open promises to the same customer about the same matter."""
        same = self.open().filter(customer_id=promise.customer_id, topic=promise.topic)
        return same.filter(subject_key=promise.subject_key).exclude(pk=promise.pk)


class Promise(Belonging):
    """What somebody promised a customer, by when. `is_contradicted` says that another open promise about
    the same matter names another figure or day; the deeds keep it."""

    class Topic(models.TextChoices):
        PRICE = "price", pgettext_lazy("promise topic", "Price")
        DELIVERY = "delivery", pgettext_lazy("promise topic", "Delivery")
        QUANTITY = "quantity", pgettext_lazy("promise topic", "Quantity")
        QUALITY = "quality", pgettext_lazy("promise topic", "Quality")
        PAYMENT = "payment", pgettext_lazy("promise topic", "Payment")
        SERVICE = "service", pgettext_lazy("promise topic", "Service")
        OTHER = "other", pgettext_lazy("promise topic", "Other")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("promise", "Open")
        KEPT = "kept", pgettext_lazy("promise", "Kept")
        BROKEN = "broken", pgettext_lazy("promise", "Broken")
        WITHDRAWN = "withdrawn", pgettext_lazy("promise", "Withdrawn")

    topic = models.CharField(max_length=10, choices=Topic)
    subject = models.CharField(max_length=120, blank=True)
    subject_key = models.CharField(max_length=120, blank=True)
    what = models.CharField(max_length=300)
    figure = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="promises"
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    made_on = models.DateField()
    due_on = models.DateField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    reason = models.CharField(max_length=300, blank=True)
    settled_on = models.DateField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    is_contradicted = models.BooleanField(default=False)

    objects: ClassVar[Any] = PromiseQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "state", "due_on"], name="promises_customer"),
            models.Index(fields=["owner_id", "due_on"], name="promises_owner"),
            models.Index(fields=["team_id", "due_on"], name="promises_team"),
            models.Index(fields=["department_id", "due_on"], name="promises_department"),
            models.Index(fields=["due_on", "id"], name="promises_due"),
            models.Index(
                fields=["made_by", "due_on"],
                name="promises_open_maker",
                condition=models.Q(state="open"),
            ),
        ]

    def __str__(self) -> str:
        return self.what

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    def contradicts(self, other: Promise) -> bool:
        """Whether both can't hold: another figure in the same unit, or another day where the day matters."""
        figures = self.figure is not None and other.figure is not None
        if figures and (self.figure != other.figure or self.unit != other.unit):
            return True
        by_day = self.topic in (self.Topic.DELIVERY, self.Topic.SERVICE) or not figures
        return by_day and self.due_on != other.due_on
