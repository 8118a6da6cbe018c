from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from kezhi.accounts.models import Department
from kezhi.core.scoping import OpenQuerySet


class ServiceLevelsQuerySet(OpenQuerySet):
    kind = "service_level"

    def current(self) -> ServiceLevels | None:
        return self.select_related("last_resort").order_by("-id").first()


class ServiceLevels(models.Model):
    """One published version of what is promised by when; versions are added, never changed.

    `promises` is written and read by `kezhi.service.clocks.promising`. A broken promise climbs to the next
    person after `step_minutes` of the clock's hours; the last is `last_resort`, who also gets what no rule
    gives to anybody.
    """

    promises = models.JSONField()
    step_minutes = models.PositiveIntegerField(default=120)
    last_resort = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=300)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = ServiceLevelsQuerySet.as_manager()

    def __str__(self) -> str:
        return f"#{self.pk}"


class InternalLevelQuerySet(OpenQuerySet):
    kind = "service_level"


class InternalLevel(models.Model):
    """What one department has agreed to do for another, or for every other one, and by when."""

    class Measure(models.TextChoices):
        BUSINESS = "business"
        CALENDAR = "calendar"

    providing = models.ForeignKey(Department, models.CASCADE, related_name="+")
    requesting = models.ForeignKey(
        Department, models.CASCADE, null=True, blank=True, related_name="+"
    )
    first_answer_minutes = models.PositiveIntegerField(null=True, blank=True)
    solution_minutes = models.PositiveIntegerField(null=True, blank=True)
    measure = models.CharField(max_length=8, choices=Measure, default=Measure.BUSINESS)
    agreement = models.CharField(max_length=300)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = InternalLevelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["providing", "requesting"],
                nulls_distinct=False,
                name="internal_levels_one_each",
            ),
            models.CheckConstraint(
                condition=models.Q(first_answer_minutes__gt=0)
                | models.Q(first_answer_minutes__isnull=True),
                name="internal_levels_first_answer",
            ),
        ]

    def __str__(self) -> str:
        return self.agreement
