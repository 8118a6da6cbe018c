from __future__ import annotations

from django.conf import settings
from django.db import models

from kezhi.service.models.article import Article


class ArticleVersion(models.Model):
    """An article as it was published once. It is never changed."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    title_en = models.CharField(max_length=200, blank=True)
    body_en = models.TextField(blank=True)
    keywords = models.CharField(max_length=300, blank=True)
    audience = models.SmallIntegerField(choices=Article.Audience)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    published_at = models.DateTimeField()
    remark = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["article", "number"], name="article_versions_once")
        ]

    def __str__(self) -> str:
        return f"{self.article_id} v{self.number}"
