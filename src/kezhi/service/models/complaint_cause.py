from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import get_language, pgettext_lazy

from kezhi.core.scoping import OpenQuerySet


class ComplaintCauseQuerySet(OpenQuerySet):
    kind = "complaint_cause"

    def in_use(self) -> ComplaintCauseQuerySet:
        return self.filter(is_active=True)


class ComplaintCause(models.Model):
    """One of the company's causes of complaints, under one of the four categories.

    One that is no longer chosen is set inactive, not deleted: cases of the past keep their cause.
    """

    class Category(models.TextChoices):
        QUALITY = "quality", pgettext_lazy("complaint category", "Product quality")
        CONTRACT = "contract", pgettext_lazy("complaint category", "Purchase contract")
        TRANSPORT = "transport", pgettext_lazy("complaint category", "Transport")
        SERVICE = "service", pgettext_lazy("complaint category", "Service")

    category = models.CharField(max_length=10, choices=Category)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.BigIntegerField(null=True)

    objects: ClassVar[Any] = ComplaintCauseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["category", "name"], name="complaint_causes_once"),
        ]

    def __str__(self) -> str:
        is_english = (get_language() or "").startswith("en")
        return self.name_en if is_english and self.name_en else self.name
