from __future__ import annotations

from typing import ClassVar

from django.db import models


class ArticleTopic(models.Model):
    """What articles are about, as a tree; each topic has its name in both languages."""

    DEEPEST: ClassVar[int] = 4

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80, blank=True)
    position = models.PositiveIntegerField(default=0)
    created_by_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name"], nulls_distinct=False, name="article_topics_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def name_in(self, language: str) -> str:
        """In the reader's language, or in the other one where there is none."""
        return (self.name_en or self.name) if language.startswith("en") else self.name
