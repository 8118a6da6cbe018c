from __future__ import annotations

from django.db import models

from kezhi.core.models import JobRun


class KeptAnalysis(models.Model):
    """What an analysis over many records came to, for all who see the same records.

    `subject` names the analysis and, after a point, the part of it; `whose` is the digest of what may be seen.
    `actor_id` is who asked last, None for the whole company; `asked_at` is when. `counted_at` is None while
    it was never counted. Only counts and numbers of records are kept, no names and no words.
    """

    subject = models.CharField(max_length=60)
    whose = models.CharField(max_length=64)
    actor_id = models.BigIntegerField(null=True)
    figures = models.JSONField(default=dict)
    counted_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField()
    job_run = models.ForeignKey(JobRun, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "whose"], name="workbench_analysis_once")
        ]

    def __str__(self) -> str:
        return self.subject
