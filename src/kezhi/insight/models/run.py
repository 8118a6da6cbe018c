from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.core.models import JobRun
from kezhi.core.scoping import OpenQuerySet
from kezhi.insight.models.settings import ValueSettings


class ValueRunQuerySet(OpenQuerySet):
    kind = "value_run"

    def published(self) -> ValueRunQuerySet:
        return self.filter(state=ValueRun.State.PUBLISHED)

    def latest_published(self) -> ValueRun | None:
        """The run that pages read."""
        return self.published().order_by("-id").first()


class ValueRun(models.Model):
    """One run of the engine: what it read, by which rules, what came out, and how far to trust it."""

    class State(models.TextChoices):
        RUNNING = "running", pgettext_lazy("value run", "Running")
        PUBLISHED = "published", _("Published")
        FAILED = "failed", pgettext_lazy("value run", "Failed")
        CANCELLED = "cancelled", pgettext_lazy("value run", "Cancelled")

    class Trigger(models.TextChoices):
        PERSON = "person", pgettext_lazy("value run", "Started by a person")
        SCHEDULE = "schedule", pgettext_lazy("value run", "Scheduled")
        COMMAND = "command", pgettext_lazy("value run", "Command line")

    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    trigger = models.CharField(max_length=10, choices=Trigger, default=Trigger.PERSON)
    as_of = models.DateField()
    value_settings = models.ForeignKey(ValueSettings, models.PROTECT, related_name="+")
    job_run = models.ForeignKey(JobRun, models.SET_NULL, null=True, related_name="+")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)
    code_version = models.CharField(max_length=40, blank=True)
    data_version = models.CharField(max_length=80, blank=True)
    lines = models.BigIntegerField(default=0)
    customers = models.BigIntegerField(default=0)
    chosen_model = models.CharField(max_length=20, blank=True)
    parameters = models.JSONField(default=dict)
    diagnostics = models.JSONField(default=dict)
    summary = models.JSONField(default=dict)
    warnings = models.JSONField(default=list)
    error = models.CharField(max_length=500, blank=True)

    objects: ClassVar[Any] = ValueRunQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "-id"], name="insight_run_state")]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d} #{self.pk}"
