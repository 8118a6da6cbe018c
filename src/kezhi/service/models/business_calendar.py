from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from kezhi.core.scoping import OpenQuerySet


class BusinessCalendarQuerySet(OpenQuerySet):
    kind = "service_level"


class BusinessCalendar(models.Model):
    """When a place works, as `kezhi.service.clocks.calendars` writes and reads it.

    `weekly` has the opening hours of Monday to Sunday (`[["09:00", "18:00"]]`), `exceptions` own days
    (`{"on", "hours", "name"}`). Departments in `department_ids` and those beneath them work by it; all others
    by the default one.
    """

    name = models.CharField(max_length=80, unique=True)
    time_zone = models.CharField(max_length=60)
    weekly = models.JSONField()
    country = models.CharField(max_length=2, blank=True)
    region = models.CharField(max_length=10, blank=True)
    exceptions = models.JSONField(default=list)
    department_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    is_default = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[Any] = BusinessCalendarQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=models.Q(is_default=True),
                name="business_calendars_one_default",
            ),
            models.CheckConstraint(
                condition=models.Q(is_default=False) | models.Q(is_active=True),
                name="business_calendars_default_is_used",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CalendarVersion(models.Model):
    """What a calendar said from a moment on; versions are added, never changed."""

    calendar = models.ForeignKey(BusinessCalendar, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    entries = models.JSONField()
    reason = models.CharField(max_length=300)
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["calendar", "number"], name="calendar_versions_number")
        ]

    def __str__(self) -> str:
        return f"{self.calendar_id} v{self.number}"
