from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.catalog.models import Product
from kezhi.core.actor import Actor, Scope
from kezhi.core.owned import Edited, Owned
from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models import Customer
from kezhi.service.models.complaint_cause import ComplaintCause
from kezhi.service.models.ticket import Ticket


class ComplaintQuerySet(ScopedQuerySet):
    """A complaint is seen by the customer's people and by those who see its ticket for working on it."""

    kind = "complaint"
    share_path = "customer_id"

    def _own(self, actor: Actor, at: str) -> models.Q:
        worked_on = Ticket.objects.filter(assignee_id__in=actor.own_ids).values("pk")
        return super()._own(actor, at) | models.Q(ticket_id__in=worked_on)

    def within(self, scope: Scope, actor: Actor, action: str = "read", via: str = "") -> Any:
        rows = super().within(scope, actor, action, via)
        if scope is Scope.DEPARTMENT and actor.department_ids:
            handled = Ticket.objects.filter(handling_department_id__in=actor.department_ids)
            return rows | self.filter(ticket_id__in=handled.values("pk"))
        return rows

    def open(self) -> ComplaintQuerySet:
        """Not settled with the customer yet."""
        return self.filter(settled_at__isnull=True, voided_at__isnull=True)

    def counted(self) -> ComplaintQuerySet:
        """Without those that turned out to be none: another type of ticket, a double, unwanted mail."""
        return self.filter(voided_at__isnull=True)


class Complaint(Owned, Edited):
    """What a customer complains of, one-to-one with its ticket, and how far it has been dealt with.

    `step` is the step that is due. `settled_at` is when the customer had answered, or could not be reached
    in documented attempts: from then on they may be sold to again, and the ticket may close. `carrier` and
    `responsible` repeat the party and the employee with the greatest share of the responsibility, so that
    recurrence is one indexed question. `at_risk` is the value at risk when something was proposed;
    `compensated` what was carried out and booked. Amounts are in the company's currency.
    """

    Category = ComplaintCause.Category

    class Step(models.TextChoices):
        RECORD = "record", pgettext_lazy("complaint step", "Record")
        JUDGE = "judge", pgettext_lazy("complaint step", "Judge")
        RESPONSIBILITY = "apportion", pgettext_lazy("complaint step", "Responsibility")
        CAUSE = "cause", pgettext_lazy("complaint step", "Cause")
        PROPOSAL = "propose", pgettext_lazy("complaint step", "Proposal")
        APPROVE = "approve", pgettext_lazy("complaint step", "Approval")
        ACT = "act", pgettext_lazy("complaint step", "Action")
        FEED_BACK = "feed_back", pgettext_lazy("complaint step", "Feedback")
        REVIEW = "review", pgettext_lazy("complaint step", "Review")
        SUMMARISE = "summarise", pgettext_lazy("complaint step", "Summary")
        DONE = "done", pgettext_lazy("complaint step", "Completed")

    class Verdict(models.TextChoices):
        JUSTIFIED = "justified", pgettext_lazy("complaint verdict", "Justified")
        PARTLY = "partly", pgettext_lazy("complaint verdict", "Partly justified")
        UNJUSTIFIED = "unjustified", pgettext_lazy("complaint verdict", "Not justified")

    class Answer(models.TextChoices):
        ACCEPTED = "accepted", pgettext_lazy("complaint answer", "Accepted")
        PARTLY = "partly", pgettext_lazy("complaint answer", "Accepted in part")
        REFUSED = "refused", pgettext_lazy("complaint answer", "Refused")
        SILENT = "silent", pgettext_lazy("complaint answer", "Not reached")

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="complaint")
    customer = models.ForeignKey(
        Customer, models.CASCADE, null=True, blank=True, related_name="complaints"
    )
    product = models.ForeignKey(
        Product, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    category = models.CharField(max_length=10, choices=ComplaintCause.Category, blank=True)
    cause = models.ForeignKey(
        ComplaintCause, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    cause_words = models.CharField(max_length=500, blank=True)
    wanted = models.CharField(max_length=300, blank=True)
    lane = models.CharField(max_length=120, blank=True)
    lane_key = models.CharField(max_length=120, blank=True)
    loss = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    step = models.CharField(max_length=10, choices=Step, default=Step.RECORD)
    step_since = models.DateTimeField()
    verdict = models.CharField(max_length=12, choices=Verdict, blank=True)
    carrier = models.ForeignKey(
        Customer, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    proposal = models.CharField(max_length=500, blank=True)
    proposed = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    expected_to_keep = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    at_risk = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    compensated = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    answer = models.CharField(max_length=10, choices=Answer, blank=True)
    answer_words = models.CharField(max_length=500, blank=True)
    bought_again_on = models.DateField(null=True, blank=True)
    has_recurred = models.BooleanField(null=True, blank=True)
    summary = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ComplaintQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-opened_at"], name="complaints_customer"),
            models.Index(fields=["-opened_at", "-id"], name="complaints_newest"),
            models.Index(fields=["owner_id", "-opened_at"], name="complaints_owner"),
            models.Index(fields=["team_id", "-opened_at"], name="complaints_team"),
            models.Index(fields=["department_id", "-opened_at"], name="complaints_department"),
            models.Index(fields=["product", "-opened_at"], name="complaints_product"),
            models.Index(fields=["cause", "-opened_at"], name="complaints_cause"),
            models.Index(
                fields=["carrier", "-opened_at"],
                name="complaints_carrier",
                condition=models.Q(carrier__isnull=False),
            ),
            models.Index(
                fields=["responsible", "-opened_at"],
                name="complaints_responsible",
                condition=models.Q(responsible__isnull=False),
            ),
            models.Index(
                fields=["lane_key", "-opened_at"],
                name="complaints_lane",
                condition=~models.Q(lane_key=""),
            ),
            models.Index(
                fields=["customer"],
                name="complaints_open",
                condition=models.Q(settled_at__isnull=True, voided_at__isnull=True),
            ),
            models.Index(
                fields=["step", "step_since"],
                name="complaints_step",
                condition=models.Q(closed_at__isnull=True, voided_at__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(settled_at__isnull=True) | ~models.Q(answer=""),
                name="complaints_settled_with_an_answer",
            ),
        ]

    def __str__(self) -> str:
        return str(self.ticket)

    @property
    def is_open(self) -> bool:
        return self.settled_at is None and self.voided_at is None
