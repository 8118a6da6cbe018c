from __future__ import annotations

from django.db import models

from kezhi.customers.models import Need
from kezhi.service.models.ticket import Ticket


class TicketNeed(models.Model):
    """The ticket on which a customer's need is worked: one for one."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="need_link")
    need = models.OneToOneField(Need, models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.need_id}"
