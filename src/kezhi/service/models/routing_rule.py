from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from kezhi.accounts.models import Department
from kezhi.catalog.models import Category
from kezhi.core.scoping import OpenQuerySet
from kezhi.service.models.ticket import Ticket


class RoutingRuleQuerySet(OpenQuerySet):
    kind = "service_level"

    def in_force(self) -> RoutingRuleQuerySet:
        related = ("person__department", "department", "category")
        rules = self.filter(is_active=True).select_related(*related)
        return rules.order_by("position", "pk")


class RoutingRule(models.Model):
    """Who gets a new ticket: the first rule that fits says so.

    All that a rule names must fit; what it leaves empty fits everything. Of `words` one is enough. It goes to
    a person, to whoever of a department has the skill and fewest open tickets, or to a department's queue.
    """

    name = models.CharField(max_length=80)
    position = models.PositiveIntegerField(default=100)
    is_active = models.BooleanField(default=True)
    types = ArrayField(models.CharField(max_length=10, choices=Ticket.Type), default=list)
    words = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    category = models.ForeignKey(Category, models.CASCADE, null=True, blank=True, related_name="+")
    requesting = models.ForeignKey(
        Department, models.CASCADE, null=True, blank=True, related_name="+"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+"
    )
    skill = models.CharField(max_length=40, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = RoutingRuleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(person__isnull=False)
                | models.Q(department__isnull=False)
                | ~models.Q(skill=""),
                name="routing_rules_to_somebody",
            )
        ]

    def __str__(self) -> str:
        return self.name
