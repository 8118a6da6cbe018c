from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.customers.models import Contact
from kezhi.service.models.ticket import Ticket


class TicketEntry(models.Model):
    """What was said or done about a ticket, in its order; who sees the ticket sees its entries.

    `incoming_id` and `outgoing_id` are the letters that brought or carry the words. Of an event, `event`
    is its name and `words` what its sentence is filled with. `minutes` is the time that it took. `key` makes
    an entry that comes twice (a program's retry) one.
    """

    class Sort(models.TextChoices):
        RECEIVED = "received", pgettext_lazy("ticket entry", "From the customer")
        SENT = "sent", pgettext_lazy("ticket entry", "To the customer")
        NOTE = "note", pgettext_lazy("ticket entry", "Internal note")
        EVENT = "event", pgettext_lazy("ticket entry", "What happened")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="entries")
    sort = models.CharField(max_length=8, choices=Sort)
    at = models.DateTimeField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="+")
    sender = models.CharField(max_length=254, blank=True)
    text = models.TextField(blank=True)
    event = models.CharField(max_length=40, blank=True)
    words = models.JSONField(default=dict)
    channel = models.CharField(max_length=10, choices=Ticket.Channel, blank=True)
    incoming_id = models.BigIntegerField(null=True)
    outgoing_id = models.BigIntegerField(null=True)
    minutes = models.PositiveIntegerField(default=0)
    key = models.CharField(max_length=120, null=True, unique=True)  # noqa: DJ001 (many have none)

    class Meta:
        indexes = [
            models.Index(fields=["ticket", "at", "id"], name="ticket_entries_order"),
            models.Index(
                fields=["incoming_id"],
                name="ticket_entries_incoming",
                condition=models.Q(incoming_id__isnull=False),
            ),
            models.Index(
                fields=["outgoing_id"],
                name="ticket_entries_outgoing",
                condition=models.Q(outgoing_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sort} {self.text[:60]}"
