"""One change made to many records, step by step, so that each can be told, taken up again and undone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from kezhi.core.models import JobRun
from kezhi.core.saying import Told


class BulkRun(models.Model):
    """A verb with its settings on a selection: the ids that were chosen, or all that a list's `query` finds.

    `total` counts the steps once they are laid out; before that it is None.
    """

    kind = models.CharField(max_length=40)
    verb = models.CharField(max_length=40)
    settings = models.JSONField(default=dict)
    title = models.CharField(max_length=200)
    # The title as `core.saying` keeps it; the release before this one doesn't know it.
    words = models.JSONField(
        default=dict, db_default=models.Value({}, output_field=models.JSONField())
    )
    query = models.TextField(blank=True)
    actor_id = models.BigIntegerField()
    total = models.PositiveIntegerField(null=True)
    job_run = models.ForeignKey(JobRun, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["actor_id", "-id"], name="workbench_bulk_actor")]

    def __str__(self) -> str:
        return self.title

    @property
    def told(self) -> Told:
        """The title in the language of whoever reads it."""
        return Told.again(self.words or self.title)


class StepQuerySet(models.QuerySet["BulkStep"]):
    def counts(self) -> dict[str, int]:
        """How many steps ended how."""
        found = self.order_by().values_list("outcome").annotate(models.Count("pk"))
        return dict(found)


class BulkStep(models.Model):
    """One record of a bulk run: what became of it, or why nothing did."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Changed")
        SAME = "same", _("Was so already")
        SKIPPED = "skipped", _("Skipped")
        UNDONE = "undone", _("Undone")

    run = models.ForeignKey(BulkRun, models.CASCADE, related_name="steps", db_index=False)
    object_id = models.BigIntegerField()
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.WAITING)
    deed_keys = ArrayField(models.UUIDField(), default=list, db_default=[])
    reason = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = StepQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "object_id"], name="workbench_bulk_step_once")
        ]
        indexes = [models.Index(fields=["run", "outcome", "id"], name="workbench_bulk_steps")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.object_id}"
