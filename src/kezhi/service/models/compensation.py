from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.customers.models.belonging import Belonging, BelongingQuerySet
from kezhi.ledger.models import CostEntry
from kezhi.service.models.complaint import Complaint


class CompensationQuerySet(BelongingQuerySet):
    kind = "compensation"

    def standing(self) -> CompensationQuerySet:
        """Proposed or carried out, not taken back."""
        return self.exclude(state=Compensation.State.REVERSED)


class Compensation(Belonging):
    """What a customer is given for what went wrong. Carried out, it is a cost entry of the ledger, booked
    once; taken back, a negative entry stands against it."""

    class Sort(models.TextChoices):
        MONEY = "money", pgettext_lazy("compensation", "Money")
        REPLACEMENT = "replace", pgettext_lazy("compensation", "Replacement")
        DISCOUNT = "discount", pgettext_lazy("compensation", "Discount")
        FREE_SERVICE = "service", pgettext_lazy("compensation", "Free service")
        APOLOGY = "apology", pgettext_lazy("compensation", "Apology")

    class State(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("compensation", "Proposed")
        DONE = "done", pgettext_lazy("compensation", "Carried out")
        REVERSED = "reversed", pgettext_lazy("compensation", "Taken back")

    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="compensations")
    sort = models.CharField(max_length=10, choices=Sort)
    amount = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    words = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    done_on = models.DateField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    cost = models.ForeignKey(CostEntry, models.PROTECT, null=True, blank=True, related_name="+")
    reversal = models.ForeignKey(CostEntry, models.PROTECT, null=True, blank=True, related_name="+")

    objects: ClassVar[Any] = CompensationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-done_on"], name="compensations_customer"),
            models.Index(fields=["-done_on", "-id"], name="compensations_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gte=0), name="compensations_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(state="proposed") | models.Q(done_on__isnull=False),
                name="compensations_done_on_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_sort_display()} {self.amount}"
