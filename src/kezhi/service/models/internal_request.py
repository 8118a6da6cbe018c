from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from kezhi.accounts.models import Department
from kezhi.service.models.ticket import Ticket


class InternalRequest(models.Model):
    """What one department asks of another: who asks on the ticket, and how content they were with it."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="internal_request")
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requesting = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+"
    )
    rating = models.PositiveSmallIntegerField(null=True, blank=True)
    comment = models.CharField(max_length=300, blank=True)
    rated_at = models.DateTimeField(null=True, blank=True)

    objects: Any = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rating__isnull=True) | models.Q(rating__range=(1, 5)),
                name="internal_requests_rating",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}"
