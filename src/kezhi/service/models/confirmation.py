from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from kezhi.service.models.ticket import Ticket


class Confirmation(models.Model):
    """That an address was told by itself that its words came; counted, so that no loop and no flood begins."""

    address = models.CharField(max_length=254)
    domain = models.CharField(max_length=253)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    is_known = models.BooleanField(default=False)
    at = models.DateTimeField()

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        indexes = [
            models.Index(fields=["address", "at"], name="confirmations_address"),
            models.Index(fields=["at"], name="confirmations_at"),
        ]

    def __str__(self) -> str:
        return self.address
