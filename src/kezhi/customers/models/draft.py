from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from kezhi.customers.models.customer import Customer


class Draft(models.Model):
    """What somebody is writing on a customer's timeline, kept as they type; one per person and customer.

    `fields` are the composer's other controls by name, as typed.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False
    )
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="drafts")
    text = models.TextField()
    fields = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        indexes = [models.Index(fields=["person", "-updated_at"], name="drafts_person")]
        constraints = [
            models.UniqueConstraint(fields=["person", "customer"], name="drafts_one_each")
        ]

    def __str__(self) -> str:
        return self.text[:60]
