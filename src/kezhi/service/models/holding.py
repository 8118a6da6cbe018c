from __future__ import annotations

from django.conf import settings
from django.db import models

from kezhi.accounts.models import Department
from kezhi.service.models.ticket import Ticket


class TicketHolding(models.Model):
    """Who had a ticket from when until when: nobody can pass it on into nothing."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="holdings")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+"
    )
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["ticket", "from_at", "id"], name="ticket_holdings_order")]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"],
                condition=models.Q(until_at__isnull=True),
                name="ticket_holdings_one_now",
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.from_at:%Y-%m-%d}"
