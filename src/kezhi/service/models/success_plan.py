from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.catalog.models import Product
from kezhi.customers.models import Contact
from kezhi.customers.models.belonging import Belonging, BelongingQuerySet


class SuccessPlanQuerySet(BelongingQuerySet):
    kind = "success_plan"

    def _own(self, actor: Any, at: str) -> models.Q:
        return super()._own(actor, at) | models.Q(manager_id__in=actor.own_ids)

    def running(self) -> SuccessPlanQuerySet:
        return self.filter(state__in=SuccessPlan.RUNNING)


class SuccessPlan(Belonging):
    """What the customer bought for, and how far they are on the way there.

    `health` is 0 to 100: how far the measures are, against how far they should be by now; it is kept with each
    reading and each day. `manager` answers for the plan, whoever owns the customer.
    """

    class State(models.TextChoices):
        ON_TRACK = "on_track", pgettext_lazy("success plan", "On track")
        AT_RISK = "at_risk", pgettext_lazy("success plan", "At risk")
        OFF_TRACK = "off_track", pgettext_lazy("success plan", "Off track")
        ACHIEVED = "achieved", pgettext_lazy("success plan", "Achieved")
        GIVEN_UP = "given_up", pgettext_lazy("success plan", "Given up")

    RUNNING = (State.ON_TRACK, State.AT_RISK, State.OFF_TRACK)

    goal = models.CharField(max_length=300)
    why = models.TextField(blank=True)
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="+")
    product = models.ForeignKey(Product, models.SET_NULL, null=True, blank=True, related_name="+")
    manager = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    begun_on = models.DateField()
    reach_by = models.DateField()
    review_on = models.DateField(null=True, blank=True)
    renewal_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.ON_TRACK)
    health = models.FloatField(null=True)
    lesson = models.TextField(blank=True)
    ended_on = models.DateField(null=True, blank=True)

    objects: ClassVar[Any] = SuccessPlanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(reach_by__gt=models.F("begun_on")),
                name="success_plans_reached_after_beginning",
            )
        ]
        indexes = [
            models.Index(fields=["customer", "state"], name="success_plans_customer"),
            models.Index(fields=["owner_id", "reach_by"], name="success_plans_owner"),
            models.Index(fields=["team_id", "reach_by"], name="success_plans_team"),
            models.Index(fields=["department_id", "reach_by"], name="success_plans_department"),
            models.Index(fields=["reach_by", "id"], name="success_plans_end"),
            models.Index(fields=["manager", "state"], name="success_plans_manager"),
        ]

    def __str__(self) -> str:
        return self.goal

    @property
    def is_running(self) -> bool:
        return self.state in self.RUNNING
