from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from kezhi.core.scoping import OpenQuerySet


class ValueSettingsQuerySet(OpenQuerySet):
    kind = "value_settings"

    def current(self) -> ValueSettings | None:
        return self.order_by("-id").first()


class ValueSettings(models.Model):
    """One published version of how value is measured; versions are added, never changed.

    `rules` is what `kezhi.value.measure.Settings` reads: unit, horizon, rate, margin, index tree, tiers,
    loyalty classes and lifecycle stages. `nightly_hour` is the hour in the company's time zone at which the
    value is measured every night; None: only when somebody asks. `needs_second_person`: whoever asks for an
    index system to be published can't approve it.
    """

    rules = models.JSONField()
    nightly_hour = models.PositiveSmallIntegerField(null=True, default=3)
    needs_second_person = models.BooleanField(default=False, db_default=False)
    reason = models.CharField(max_length=300, blank=True)
    published_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = ValueSettingsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(nightly_hour__isnull=True) | models.Q(nightly_hour__lte=23),
                name="insight_nightly_hour",
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
