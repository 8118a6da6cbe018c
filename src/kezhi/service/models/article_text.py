from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from kezhi.service.models.article import Article


class ArticleText(models.Model):
    """The published words of an article in one language, and what they are found by.

    Made anew with each publication; `tokens` are ours (`knowledge.tokens`), never a parser's. The text
    itself lies aside from the row, so that a search reads a few pages of the disk.
    """

    class Language(models.TextChoices):
        CHINESE = "zh", "中文"
        ENGLISH = "en", "English"

    article = models.ForeignKey(Article, models.CASCADE, related_name="texts")
    language = models.CharField(max_length=2, choices=Language)
    audience = models.SmallIntegerField(choices=Article.Audience)
    title = models.CharField(max_length=200)
    body = models.TextField()
    helpfulness = models.FloatField(default=0.5)
    tokens = SearchVectorField()

    class Meta:
        indexes = [GinIndex(fields=["tokens"], name="article_texts_tokens")]
        constraints = [
            models.UniqueConstraint(fields=["article", "language"], name="article_texts_once")
        ]

    def __str__(self) -> str:
        return self.title
