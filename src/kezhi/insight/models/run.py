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

    def readable(self) -> ValueRunQuerySet:
        """Published runs whose snapshots are still kept, the latest day first."""
        return self.published().filter(has_snapshots=True).order_by("-as_of", "-id")

    def latest_published(self) -> ValueRun | None:
        """The run that pages read: of the latest day, whenever it was made."""
        return self.readable().first()

    def under_way(self) -> ValueRun | None:
        return self.filter(state=ValueRun.State.RUNNING).select_related("job_run").first()


class ValueRun(models.Model):
    """One run of the engine: what it read, by which rules, what came out, and how far to trust it.

    `backfill_months` is how many past month ends the run measures first (None: as needed); each of those is
    a run of its own, a backfill of this one, and becomes readable together with it. `tree` is the published
    index tree with its frozen bounds.
    """

    class State(models.TextChoices):
        RUNNING = "running", pgettext_lazy("value run", "Running")
        MEASURED = "measured", pgettext_lazy("value run", "Measured, not published yet")
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
    backfill_months = models.PositiveSmallIntegerField(null=True)
    backfill_of = models.ForeignKey(
        "self", models.CASCADE, null=True, related_name="backfilled", db_index=False
    )
    has_snapshots = models.BooleanField(default=False)
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
    tree = models.JSONField(default=dict)
    warnings = models.JSONField(default=list)
    error = models.CharField(max_length=500, blank=True)

    objects: ClassVar[Any] = ValueRunQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["state", "-id"], name="insight_run_state"),
            models.Index(fields=["state", "-as_of", "-id"], name="insight_run_day"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["state"],
                condition=models.Q(state="running"),
                name="insight_one_run_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d} #{self.pk}"

    @property
    def is_backfill(self) -> bool:
        """Measured afterwards, from the facts dated until its day."""
        return self.backfill_of_id is not None

    @property
    def is_under_way(self) -> bool:
        return self.state == self.State.RUNNING
