from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.service.models.article import Article


class Face(models.TextChoices):
    """Where an article was read."""

    AGENT = "agent", pgettext_lazy("where it was read", "Colleagues")
    PORTAL = "portal", pgettext_lazy("where it was read", "Portal")
    PUBLIC = "public", pgettext_lazy("where it was read", "Help pages")


class ArticleRating(models.Model):
    """Whether an article helped one reader. Of readers who aren't colleagues nothing else is kept.

    `visit_id` is the visit to the help pages, `author_id` the colleague: either says it once per version.
    """

    class Reason(models.TextChoices):
        OTHER_QUESTION = "other_question", pgettext_lazy("did not help", "Another question")
        UNCLEAR = "unclear", pgettext_lazy("did not help", "Hard to follow")
        WRONG = "wrong", pgettext_lazy("did not help", "Wrong or out of date")
        TRIED = "tried", pgettext_lazy("did not help", "I tried it and it didn’t work")

    article = models.ForeignKey(Article, models.CASCADE, related_name="ratings")
    number = models.PositiveIntegerField()
    is_helpful = models.BooleanField()
    reason = models.CharField(max_length=20, choices=Reason, blank=True)
    words = models.CharField(max_length=500, blank=True)
    face = models.CharField(max_length=6, choices=Face)
    language = models.CharField(max_length=2)
    at = models.DateTimeField()
    author_id = models.BigIntegerField(null=True)
    visit_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["article", "-at"], name="article_ratings_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["article", "number", "author_id"],
                condition=models.Q(author_id__isnull=False),
                name="article_ratings_by_colleague",
            ),
            models.UniqueConstraint(
                fields=["article", "number", "visit_id"],
                condition=models.Q(visit_id__isnull=False),
                name="article_ratings_by_visit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.article_id} {self.is_helpful}"
