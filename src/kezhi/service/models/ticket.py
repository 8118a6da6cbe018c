from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Department
from kezhi.catalog.models import Product
from kezhi.core.actor import Actor, Scope
from kezhi.core.owned import Edited, Owned
from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models import Contact, Customer
from kezhi.ledger.models import Order


class TicketQuerySet(ScopedQuerySet):
    """A ticket is seen by the customer's people, by who works on it, and by the department that does.

    Tickets of senders whom nobody knows yet have no customer: the department that works on them sees them.
    """

    kind = "ticket"
    share_path = "customer_id"

    def _own(self, actor: Actor, at: str) -> models.Q:
        return super()._own(actor, at) | models.Q(assignee_id__in=actor.own_ids)

    def within(self, scope: Scope, actor: Actor, action: str = "read", via: str = "") -> Any:
        rows = super().within(scope, actor, action, via)
        if scope is Scope.DEPARTMENT and actor.department_ids:
            return rows | self.filter(handling_department_id__in=actor.department_ids)
        return rows

    def open(self) -> TicketQuerySet:
        return self.filter(state__in=Ticket.OPEN_STATES)


class Ticket(Owned, Edited):
    """One matter of one customer, from the first word to the last answer.

    `owner_id`, `team_id` and `department_id` are the customer's, as on every record of a customer;
    `assignee` and `handling_department` say who works on it. `requester_*` hold who wrote where no contact
    is known. `due_at` is the next moment promised (kept by the clocks), `at_stake` the customer's value at
    risk in the company's currency while the ticket is open (kept after each value run).
    """

    class Type(models.TextChoices):
        INQUIRY = "inquiry", pgettext_lazy("ticket type", "Inquiry")
        FAULT = "fault", pgettext_lazy("ticket type", "Fault")
        COMPLAINT = "complaint", pgettext_lazy("ticket type", "Complaint")
        NEED = "need", pgettext_lazy("ticket type", "Need")
        INTERNAL = "internal", pgettext_lazy("ticket type", "Internal request")

    class State(models.TextChoices):
        NEW = "new", pgettext_lazy("ticket state", "New")
        OPEN = "open", pgettext_lazy("ticket state", "In progress")
        WAITING = "waiting", pgettext_lazy("ticket state", "Waiting for the customer")
        SOLVED = "solved", pgettext_lazy("ticket state", "Solved")
        CLOSED = "closed", pgettext_lazy("ticket state", "Closed")
        MERGED = "merged", pgettext_lazy("ticket state", "Merged")
        SPAM = "spam", pgettext_lazy("ticket state", "Unwanted")

    class Priority(models.IntegerChoices):
        LOW = 1, pgettext_lazy("ticket priority", "Low")
        NORMAL = 2, pgettext_lazy("ticket priority", "Normal")
        HIGH = 3, pgettext_lazy("ticket priority", "High")
        URGENT = 4, pgettext_lazy("ticket priority", "Urgent")

    class Channel(models.TextChoices):
        EMAIL = "email", pgettext_lazy("ticket channel", "E-mail")
        FORM = "form", pgettext_lazy("ticket channel", "Web form")
        PORTAL = "portal", pgettext_lazy("ticket channel", "Portal")
        PHONE = "phone", pgettext_lazy("ticket channel", "Phone")
        API = "api", pgettext_lazy("ticket channel", "Program")
        COLLEAGUE = "colleague", pgettext_lazy("ticket channel", "Colleague")
        RULE = "rule", pgettext_lazy("ticket channel", "Rule")

    OPEN_STATES = (State.NEW, State.OPEN, State.WAITING)

    number = models.CharField(max_length=20, unique=True)
    type = models.CharField(max_length=10, choices=Type, default=Type.INQUIRY)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.PHONE)
    subject = models.CharField(max_length=300)
    language = models.CharField(max_length=10, blank=True)
    customer = models.ForeignKey(
        Customer, models.CASCADE, null=True, blank=True, related_name="tickets"
    )
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="tickets"
    )
    requester_name = models.CharField(max_length=200, blank=True)
    requester_email = models.CharField(max_length=254, blank=True)
    requester_phone = models.CharField(max_length=40, blank=True)
    product = models.ForeignKey(
        Product, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    order = models.ForeignKey(Order, models.SET_NULL, null=True, blank=True, related_name="+")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    handling_department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+"
    )
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children"
    )
    merged_into = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="merged"
    )
    cause = models.CharField(max_length=200, blank=True)
    solution = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    first_answered_at = models.DateTimeField(null=True, blank=True)
    customer_wrote_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    solved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    reopened_count = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    is_breached = models.BooleanField(default=False)
    at_stake = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    skills = ArrayField(models.CharField(max_length=40), default=list, blank=True)

    objects: ClassVar[Any] = TicketQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-opened_at"], name="tickets_customer"),
            models.Index(fields=["-opened_at", "-id"], name="tickets_newest"),
            models.Index(fields=["owner_id", "-opened_at"], name="tickets_owner"),
            models.Index(fields=["team_id", "-opened_at"], name="tickets_team"),
            models.Index(fields=["department_id", "-opened_at"], name="tickets_department"),
            models.Index(fields=["product", "-opened_at"], name="tickets_product"),
            models.Index(fields=["requester_email"], name="tickets_requester"),
            # What care and surveys look for each morning: the cases that were solved lately.
            models.Index(
                fields=["type", "solved_at"],
                name="tickets_solved_of_type",
                condition=models.Q(solved_at__isnull=False),
            ),
            # The queue in each order that people give it, among the settled a hundred times as many.
            models.Index(
                fields=["-at_stake", "-id"],
                name="tickets_at_stake",
                condition=models.Q(state__in=("new", "open", "waiting")),
            ),
            models.Index(
                fields=["type", "-at_stake", "-id"],
                name="tickets_at_stake_of_type",
                condition=models.Q(state__in=("new", "open", "waiting")),
            ),
            models.Index(
                fields=["-at_stake", "-id"],
                name="tickets_at_stake_missed",
                condition=models.Q(state__in=("new", "open", "waiting"), is_breached=True),
            ),
            models.Index(
                fields=["-opened_at", "-id"],
                name="tickets_open_newest",
                condition=models.Q(state__in=("new", "open", "waiting")),
            ),
            models.Index(
                models.F("due_at").desc(nulls_last=True),
                models.F("id").desc(),
                name="tickets_due_last",
                condition=models.Q(state__in=("new", "open", "waiting")),
            ),
            models.Index(
                fields=["owner_id", "-at_stake", "-id"],
                name="tickets_open_owner",
                condition=models.Q(state__in=("new", "open", "waiting")),
            ),
            models.Index(
                fields=["team_id", "-at_stake", "-id"],
                name="tickets_open_team",
                condition=models.Q(state__in=("new", "open", "waiting")),
            ),
            models.Index(
                fields=["department_id", "-at_stake", "-id"],
                name="tickets_open_department",
                condition=models.Q(state__in=("new", "open", "waiting")),
            ),
            # The columns of the board, everybody's and one's own.
            models.Index(
                fields=["state", "-at_stake", "-priority", "id"],
                name="tickets_board",
                condition=models.Q(
                    state__in=("new", "open", "waiting"), snoozed_until__isnull=True
                ),
            ),
            models.Index(
                fields=["assignee", "state", "-at_stake", "-priority", "id"],
                name="tickets_board_mine",
                condition=models.Q(
                    state__in=("new", "open", "waiting"), snoozed_until__isnull=True
                ),
            ),
            models.Index(
                fields=["-solved_at", "-id"],
                name="tickets_solved",
                condition=models.Q(state="solved"),
            ),
            models.Index(
                fields=["due_at", "id"],
                name="tickets_due",
                condition=models.Q(state__in=("new", "open", "waiting")),
            ),
            models.Index(
                fields=["assignee", "due_at"],
                name="tickets_assignee",
                condition=models.Q(state__in=("new", "open", "waiting")),
            ),
            models.Index(
                fields=["handling_department", "due_at"],
                name="tickets_handling",
                condition=models.Q(state__in=("new", "open", "waiting")),
            ),
            models.Index(
                fields=["snoozed_until"],
                name="tickets_snoozed",
                condition=models.Q(snoozed_until__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="merged") | models.Q(merged_into__isnull=False),
                name="tickets_merged_into_one",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=("solved", "closed"))
                | models.Q(solved_at__isnull=False),
                name="tickets_solved_at_a_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.subject}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN_STATES
