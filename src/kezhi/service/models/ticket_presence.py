from __future__ import annotations

from django.conf import settings
from django.db import models

from kezhi.service.models.ticket import Ticket


class TicketPresence(models.Model):
    """Somebody has a ticket before them, and whether they are writing an answer; it lapses by itself."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="present")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    is_writing = models.BooleanField(default=False)
    until = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "person"], name="ticket_presence_once")
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.person_id}"
