from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Department
from kezhi.service.models.business_calendar import BusinessCalendar
from kezhi.service.models.ticket import Ticket


class ClockQuerySet(models.QuerySet["Clock"]):
    def open(self) -> ClockQuerySet:
        return self.filter(state__in=Clock.OPEN_STATES)


class Clock(models.Model):
    """One promise on one ticket: when it began, what is left, and whether it was kept.

    `pauses` are `[from, until]` in UTC; the pause that lasts began at `paused_at`. A clock that pauses has no
    `due_at`; `is_asleep` says that the ticket sleeps because the customer wished it. `attend_at` is when
    somebody must be told next: at three quarters, when the promise breaks, and with each step up the tree;
    `level` is how many were told. `decided_at` is when it was certain whether the
    promise was kept; `person` and `department` answered for it then.
    """

    class Kind(models.TextChoices):
        FIRST_ANSWER = "first_answer", pgettext_lazy("clock", "First answer")
        NEXT_ANSWER = "next_answer", pgettext_lazy("clock", "Next answer")
        PROPOSAL = "proposal", pgettext_lazy("clock", "Proposal")
        SOLUTION = "solution", pgettext_lazy("clock", "Solution")

    class State(models.TextChoices):
        RUNNING = "running", pgettext_lazy("clock", "Running")
        PAUSED = "paused", pgettext_lazy("clock", "Paused")
        DONE = "done", pgettext_lazy("clock", "Done")
        STOPPED = "stopped", pgettext_lazy("clock", "No longer counts")

    class Measure(models.TextChoices):
        BUSINESS = "business", pgettext_lazy("clock", "business hours")
        CALENDAR = "calendar", pgettext_lazy("clock", "calendar hours")

    OPEN_STATES = (State.RUNNING, State.PAUSED)

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="clocks")
    kind = models.CharField(max_length=12, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    ticket_type = models.CharField(max_length=10, choices=Ticket.Type)
    tier = models.CharField(max_length=1, blank=True)
    promised_minutes = models.PositiveIntegerField()
    measure = models.CharField(max_length=8, choices=Measure)
    calendar = models.ForeignKey(
        BusinessCalendar, models.PROTECT, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    pauses = models.JSONField(default=list)
    is_asleep = models.BooleanField(default=False)
    warn_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    elapsed_seconds = models.PositiveIntegerField(null=True, blank=True)
    attend_at = models.DateTimeField(null=True, blank=True)
    level = models.PositiveSmallIntegerField(default=0)
    told_ids = models.JSONField(default=list)
    is_warned = models.BooleanField(default=False)
    is_breached = models.BooleanField(default=False)
    breached_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects: ClassVar[Any] = ClockQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["attend_at", "id"],
                name="clocks_attend",
                condition=models.Q(attend_at__isnull=False),
            ),
            models.Index(
                fields=["-breached_at", "-id"],
                name="clocks_breached",
                condition=models.Q(is_breached=True),
            ),
            models.Index(
                fields=["person", "-breached_at"],
                name="clocks_person",
                condition=models.Q(is_breached=True),
            ),
            models.Index(
                fields=["department", "-breached_at"],
                name="clocks_department",
                condition=models.Q(is_breached=True),
            ),
            models.Index(
                fields=["decided_at"],
                name="clocks_decided",
                condition=models.Q(decided_at__isnull=False),
            ),
            models.Index(
                fields=["calendar", "id"],
                name="clocks_open",
                condition=models.Q(state__in=("running", "paused")),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "kind"],
                condition=models.Q(state__in=("running", "paused")),
                name="clocks_one_open_of_a_kind",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="paused") | models.Q(paused_at__isnull=False),
                name="clocks_paused_since",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=("done", "stopped"))
                | models.Q(ended_at__isnull=False, attend_at__isnull=True),
                name="clocks_ended_at_a_moment",
            ),
            models.CheckConstraint(
                condition=models.Q(is_breached=False) | models.Q(breached_at__isnull=False),
                name="clocks_breached_at_a_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ticket_id}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN_STATES


class ClockMonth(models.Model):
    """How many promises of a month were kept and broken, kept by the hour for the report."""

    month = models.DateField()
    kind = models.CharField(max_length=12, choices=Clock.Kind)
    ticket_type = models.CharField(max_length=10, choices=Ticket.Type)
    tier = models.CharField(max_length=1, blank=True)
    person_id = models.BigIntegerField(null=True)
    department_id = models.BigIntegerField(null=True)
    kept = models.PositiveIntegerField()
    broken = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["month", "kind", "ticket_type", "tier", "person_id", "department_id"],
                nulls_distinct=False,
                name="clock_months_one_each",
            )
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.kind}"
