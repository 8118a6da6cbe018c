"""Work in progress that people can watch and stop; who wants to hear of which deeds."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kezhi.core.saying import Told


class JobState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class JobRunQuerySet(models.QuerySet["JobRun"]):
    def under_way(self) -> JobRunQuerySet:
        return self.filter(state__in=[JobState.QUEUED, JobState.RUNNING])


class JobRun(models.Model):
    """One long piece of work: progress while it runs, the result or the reason afterwards.

    `total` is 0 while the amount of work isn't known. Actor ids have no foreign key: people are above core.
    """

    name = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    # The title as `core.saying` keeps it; the release before this one doesn't know it.
    words = models.JSONField(
        default=dict, db_default=models.Value({}, output_field=models.JSONField())
    )
    state = models.CharField(max_length=12, choices=JobState, default=JobState.QUEUED)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    message = models.CharField(max_length=300, blank=True)
    result = models.JSONField(default=dict)
    # As it was queued, to queue it again; the release before this one doesn't know it.
    arguments = models.JSONField(
        default=dict, db_default=models.Value({}, output_field=models.JSONField())
    )
    actor_id = models.BigIntegerField(null=True)
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = JobRunQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["state", "-id"], name="core_jobrun_state"),
            models.Index(fields=["actor_id", "-id"], name="core_jobrun_actor"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def told(self) -> Told:
        """The title in the language of whoever reads it."""
        return Told.again(self.words or self.title)

    @property
    def is_under_way(self) -> bool:
        return self.state in {JobState.QUEUED, JobState.RUNNING}

    @property
    def seconds_left(self) -> float | None:
        """Time left if the work goes on as fast as until now."""
        if not (self.started_at and self.done and self.total) or not self.is_under_way:
            return None
        spent = (timezone.now() - self.started_at).total_seconds()
        return spent * (self.total - self.done) / self.done

    def start(self) -> None:
        self.state, self.started_at = JobState.RUNNING, timezone.now()
        self.save(update_fields=["state", "started_at"])

    @classmethod
    def ask_to_stop(cls, pk: int) -> bool:
        """Within the caller's transaction; True if the work hadn't begun, and has ended by that."""
        run = cls.objects.select_for_update().get(pk=pk)
        run.cancel_requested = True
        run.save(update_fields=["cancel_requested"])
        if run.state != JobState.QUEUED:
            return False
        run.finish(JobState.CANCELLED)
        return True

    def finish(self, state: JobState, result: dict[str, Any] | None = None) -> None:
        self.state, self.finished_at = state, timezone.now()
        if result is not None:
            self.result = result
        self.save(update_fields=["state", "finished_at", "result"])


class Listening(models.Model):
    """Which deeds a listener of `core.events` wants to hear of. A deed looks here as it begins."""

    name = models.CharField(max_length=40, unique=True)
    deeds = ArrayField(models.CharField(max_length=80), default=list)

    def __str__(self) -> str:
        return self.name
