"""Reports, dashboards and their schedules, as people keep them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Department, Team
from kezhi.workbench.models.saved_view import SavedView, SavedViewQuerySet


class Kept(models.Model):
    """What somebody keeps under a name, for themselves, their team, department or everyone; as with views."""

    name = models.CharField(max_length=60)
    audience = models.CharField(
        max_length=10, choices=SavedView.Audience, default=SavedView.Audience.PRIVATE
    )
    is_pinned = models.BooleanField(default=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    department = models.ForeignKey(
        Department, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = SavedViewQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Report(Kept):
    """`asks` is the report's address, read anew for whoever opens it: it grants nothing."""

    asks = models.CharField(max_length=8000)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="workbench_report_name")
        ]


class Dashboard(Kept):
    """Reports on one page. `parts` are `{"report": "12" or the name of a delivered one, "width": 1 to 3}`."""

    parts = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="workbench_dashboard_name")
        ]


class ReportSchedule(models.Model):
    """When a report or a dashboard goes out by mail; each recipient gets what they may see themselves.

    `next_at` is the moment it is due; `sent_at` when it went last, `problem` what kept it from going.
    """

    class Rhythm(models.TextChoices):
        DAILY = "daily", pgettext_lazy("rhythm", "Every day")
        WEEKLY = "weekly", pgettext_lazy("rhythm", "Every week")
        MONTHLY = "monthly", pgettext_lazy("rhythm", "Every month")

    class File(models.TextChoices):
        NONE = "", _("In the mail only")
        PDF = "pdf", "PDF"
        XLSX = "xlsx", "Excel"
        CSV = "csv", "CSV"

    report = models.ForeignKey(
        Report, models.CASCADE, null=True, blank=True, related_name="schedules"
    )
    dashboard = models.ForeignKey(
        Dashboard, models.CASCADE, null=True, blank=True, related_name="schedules"
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    recipients = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    rhythm = models.CharField(max_length=8, choices=Rhythm, default=Rhythm.WEEKLY)
    weekday = models.PositiveSmallIntegerField(default=0)
    day_of_month = models.PositiveSmallIntegerField(default=1)
    at_time = models.TimeField()
    zone = models.CharField(max_length=60)
    file = models.CharField(max_length=4, choices=File, blank=True, default=File.PDF)
    is_active = models.BooleanField(default=True)
    next_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(report__isnull=True) ^ models.Q(dashboard__isnull=True),
                name="workbench_schedule_of_one",
            ),
            models.CheckConstraint(
                condition=models.Q(weekday__lte=6), name="workbench_schedule_weekday"
            ),
            models.CheckConstraint(
                condition=models.Q(day_of_month__gte=1, day_of_month__lte=28),
                name="workbench_schedule_day",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=models.Q(is_active=True),
                name="workbench_schedule_due",
            )
        ]

    def __str__(self) -> str:
        return str(self.report or self.dashboard)
