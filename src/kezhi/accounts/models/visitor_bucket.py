from __future__ import annotations

from django.db import models


class VisitorBucket(models.Model):
    """How much a visitor whom nobody knows may do at once, refilled by time; lost in a crash, it is full.

    `key` says what for and who: a network, or the digest of an address.
    """

    key = models.CharField(max_length=120, primary_key=True)
    level = models.FloatField()
    filled_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.level:g}"
