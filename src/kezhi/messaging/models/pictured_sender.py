from __future__ import annotations

from django.conf import settings
from django.db import models


class PicturedSender(models.Model):
    """An address whose letters show their pictures to a colleague without being asked each time.

    Not unique: when a person is erased, several of their addresses become one word.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False
    )
    address = models.CharField(max_length=254)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["person", "address"], name="messaging_pictured_sender")]

    def __str__(self) -> str:
        return self.address
