from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from kezhi.core.scoping import OpenQuerySet


class ScorecardQuerySet(OpenQuerySet):
    kind = "scorecard"


class Scorecard(models.Model):
    """What a solved case is looked at for: criteria with weights. A published version is never changed.

    `criteria` is a list of `{"key", "label", "label_en", "weight", "most"}`: a criterion is given 0 to `most`
    points, or none where it doesn't apply.
    """

    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80, blank=True)
    number = models.PositiveIntegerField()
    criteria = models.JSONField(default=list)
    is_current = models.BooleanField(default=True)
    reason = models.CharField(max_length=300, blank=True)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects: ClassVar[Any] = ScorecardQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "number"], name="scorecards_once"),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(is_current=True), name="scorecards_current"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"

    def name_in(self, language: str) -> str:
        return (self.name_en or self.name) if language.startswith("en") else self.name
