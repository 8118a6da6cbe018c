from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from kezhi.core.scoping import OpenQuerySet


class ComplaintRulesQuerySet(OpenQuerySet):
    kind = "compensation_large"

    def current(self) -> ComplaintRules | None:
        return self.order_by("-id").first()


class ComplaintRules(models.Model):
    """One published version of who approves how much; versions are added, never changed.

    Up to `small_limit` whoever approves small compensation, up to `medium_limit` whoever approves medium
    ones, above it whoever approves any.
    """

    small_limit = models.DecimalField(max_digits=18, decimal_places=2)
    medium_limit = models.DecimalField(max_digits=18, decimal_places=2)
    reason = models.CharField(max_length=300)
    published_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = ComplaintRulesQuerySet.as_manager()

    def __str__(self) -> str:
        return f"#{self.pk}"
