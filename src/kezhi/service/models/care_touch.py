from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.customers.models import Contact, FollowUp
from kezhi.customers.models.belonging import Belonging, BelongingQuerySet
from kezhi.service.models.care_plan import CarePlan


class CareTouchQuerySet(BelongingQuerySet):
    kind = "care_touch"


class CareTouch(Belonging):
    """One occasion of one customer under a plan, and what was done about it.

    `occasion_key` names the occasion (an order, a year's festival): it is taken up once. Customers of the
    control group have a row, too, for which nothing is done.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("care state", "Planned")
        CONTROL = "control", pgettext_lazy("care state", "Control group")
        GIVEN = "given", pgettext_lazy("care state", "Task given")
        SENT = "sent", pgettext_lazy("care state", "Letter sent")
        LEFT_OUT = "left_out", pgettext_lazy("care state", "Left out")

    plan = models.ForeignKey(CarePlan, models.CASCADE, related_name="touches")
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="+")
    occasion_key = models.CharField(max_length=60)
    happened_on = models.DateField()
    due_on = models.DateField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    follow_up = models.ForeignKey(
        FollowUp, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    outgoing_id = models.BigIntegerField(null=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = CareTouchQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "customer", "occasion_key"], name="care_touches_once"
            )
        ]
        indexes = [
            models.Index(fields=["customer", "-due_on"], name="care_touches_customer"),
            models.Index(fields=["-due_on", "-id"], name="care_touches_newest"),
            models.Index(fields=["owner_id", "-due_on"], name="care_touches_owner"),
            models.Index(fields=["team_id", "-due_on"], name="care_touches_team"),
            models.Index(fields=["department_id", "-due_on"], name="care_touches_department"),
            models.Index(fields=["plan", "due_on"], name="care_touches_plan"),
            models.Index(
                fields=["due_on", "id"],
                name="care_touches_waiting",
                condition=models.Q(state="waiting"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.due_on}"
