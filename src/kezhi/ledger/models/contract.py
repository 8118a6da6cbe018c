from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.customers.models.belonging import Belonging, BelongingQuerySet
from kezhi.customers.models.loss_cause import LossCause


class ContractQuerySet(BelongingQuerySet):
    kind = "contract"

    def running(self) -> ContractQuerySet:
        """Those whose next renewal is still to come, or is overdue."""
        return self.filter(state=Contract.State.RUNNING)


class Contract(Belonging):
    """What a customer pays for by the period until one of the two ends it: service, storage, a subscription.

    `ends_on` is the last day that is agreed: of the running period, or of the last one that ran. A renewal
    moves it, or is a contract of its own that `renews` this one. `renewals` is derived: how often the customer
    has renewed so far, counted over the contracts before this one, too.
    """

    class State(models.TextChoices):
        RUNNING = "running", pgettext_lazy("contract", "Running")
        RENEWED = "renewed", pgettext_lazy("contract", "Renewed by another")
        ENDED = "ended", pgettext_lazy("contract", "Ended as agreed")
        LOST = "lost", pgettext_lazy("contract", "Lost")

    number = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    starts_on = models.DateField()
    ends_on = models.DateField()
    period_months = models.PositiveSmallIntegerField()
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    ended_on = models.DateField(null=True, blank=True)
    cause = models.CharField(max_length=12, choices=LossCause, blank=True)
    renews = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="renewed_by"
    )
    renewed_before = models.PositiveSmallIntegerField(default=0, db_default=0)
    renewals = models.PositiveSmallIntegerField(default=0, db_default=0)
    remark = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = ContractQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-starts_on"], name="contracts_customer"),
            models.Index(fields=["owner_id", "ends_on", "id"], name="contracts_owner"),
            models.Index(fields=["team_id", "ends_on", "id"], name="contracts_team"),
            models.Index(fields=["department_id", "ends_on", "id"], name="contracts_department"),
            models.Index(fields=["ends_on", "id"], name="contracts_end"),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(number=""), name="contracts_number_given"),
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")),
                name="contracts_end_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(period_months__gte=1), name="contracts_period_given"
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gte=0), name="contracts_amount_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.number
