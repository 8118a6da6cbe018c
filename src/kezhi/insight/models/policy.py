from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from kezhi.core.scoping import OpenQuerySet


class TierPoliciesQuerySet(OpenQuerySet):
    kind = "value_settings"

    def current(self) -> TierPolicies | None:
        return self.order_by("-id").first()


class TierPolicies(models.Model):
    """One published version of what each tier is promised; versions are added, never changed.

    `policies` has an entry per tier, as `kezhi.insight.policies.TierPolicy` writes and reads it.
    """

    policies = models.JSONField()
    reason = models.CharField(max_length=300)
    published_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = TierPoliciesQuerySet.as_manager()

    def __str__(self) -> str:
        return f"#{self.pk}"


class MatrixStrategiesQuerySet(OpenQuerySet):
    kind = "value_settings"

    def current(self) -> MatrixStrategies | None:
        return self.order_by("-id").first()


class MatrixStrategies(models.Model):
    """One published version of what is done in each cell of the value matrix; versions are added, never
    changed.

    `strategies` has an entry per cell, as `kezhi.insight.strategies.CellStrategy` writes and reads it.
    """

    strategies = models.JSONField()
    reason = models.CharField(max_length=300)
    published_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = MatrixStrategiesQuerySet.as_manager()

    def __str__(self) -> str:
        return f"#{self.pk}"
