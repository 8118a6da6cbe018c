from __future__ import annotations

from django.conf import settings
from django.db import models

from kezhi.service.models.complaint import Complaint
from kezhi.service.models.ticket import Ticket


class FeedbackAttempt(models.Model):
    """A try to hear what the customer says to what was done, with what came of it."""

    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="attempts")
    at = models.DateTimeField()
    channel = models.CharField(max_length=10, choices=Ticket.Channel)
    words = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.channel} {self.at:%Y-%m-%d}"
