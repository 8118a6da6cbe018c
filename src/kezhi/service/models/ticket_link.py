from __future__ import annotations

import secrets
from typing import Any, ClassVar

from django.db import models

from kezhi.service.models.ticket import Ticket


def _new_key() -> str:
    return secrets.token_hex(16)


class TicketLink(models.Model):
    """A way for a customer to the state of one ticket without signing in.

    It is for one address and stands in letters to it; the one without an address was shown on the screen after
    a form, where nobody proved who they are. It ends by the day, or when somebody revokes it.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="links")
    key = models.CharField(max_length=32, unique=True, default=_new_key)
    address = models.CharField(max_length=254, blank=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "address"],
                condition=models.Q(revoked_at__isnull=True),
                name="ticket_links_one_living",
            )
        ]

    def __str__(self) -> str:
        return self.address
