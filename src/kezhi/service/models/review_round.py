from __future__ import annotations

from django.conf import settings
from django.db import models

from kezhi.service.models.scorecard import Scorecard


class ReviewRound(models.Model):
    """A sample of solved cases: who drew it, from how many, and the seed by which it can be drawn again."""

    scorecard = models.ForeignKey(Scorecard, models.PROTECT, related_name="+")
    begins_on = models.DateField()
    ends_on = models.DateField()
    per_agent = models.PositiveSmallIntegerField()
    seed = models.PositiveIntegerField()
    drawn = models.PositiveIntegerField(default=0)
    drawn_from = models.PositiveIntegerField(default=0)
    department_id = models.BigIntegerField(null=True)  # of which department; empty: of all
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.begins_on} - {self.ends_on}"
