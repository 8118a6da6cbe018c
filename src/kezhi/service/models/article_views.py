from __future__ import annotations

from django.db import models

from kezhi.service.models.article import Article
from kezhi.service.models.article_rating import Face


class ArticleViews(models.Model):
    """How often an article was opened on a day, and where: a number, and nothing about who."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="+")
    on = models.DateField()
    face = models.CharField(max_length=6, choices=Face)
    views = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["article", "on", "face"], name="article_views_once")
        ]

    def __str__(self) -> str:
        return f"{self.article_id} {self.on} {self.views}"
