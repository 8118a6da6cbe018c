from __future__ import annotations

from django.db import models

from kezhi.insight.models.run import ValueRun


class KeptFigure(models.Model):
    """A figure over the whole company that is worked out once; gone with the next run.

    Figures of a measured day stay as long as the snapshots of their run.
    """

    run = models.ForeignKey(ValueRun, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    figure = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="insight_kept_once")]

    def __str__(self) -> str:
        return self.key
