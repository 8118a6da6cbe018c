from __future__ import annotations

from django.conf import settings
from django.db import models


class AgentMonth(models.Model):
    """What a colleague's cases of one month came to, kept by the night.

    Counts stand beside every share, so that pages can say how sure it is. `value_kept` is the value at risk,
    in the company's currency, of the customers whose case was solved and who bought again in their rhythm.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    month = models.DateField()
    team_id = models.BigIntegerField(null=True)
    department_id = models.BigIntegerField(null=True)
    solved = models.PositiveIntegerField(default=0)
    reopened = models.PositiveIntegerField(default=0)
    promised = models.PositiveIntegerField(default=0)
    in_time = models.PositiveIntegerField(default=0)
    minutes = models.PositiveIntegerField(default=0)
    scores = models.JSONField(default=list)  # of reviews, 0-100
    answers = models.PositiveIntegerField(default=0)  # of customers who were asked
    satisfaction = models.FloatField(null=True)  # their mean, 0-100
    customers = models.PositiveIntegerField(default=0)
    awaited = models.PositiveIntegerField(default=0)  # whose next purchase isn't due yet
    came_back = models.PositiveIntegerField(default=0)
    value_at_stake = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    value_kept = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "month"], name="agent_months_once")]
        indexes = [models.Index(fields=["month", "user"], name="agent_months_month")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.month:%Y-%m}"
