from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.catalog.models import Product
from kezhi.core.owned import Edited
from kezhi.core.scoping import OpenQuerySet
from kezhi.service.models.article_topic import ArticleTopic
from kezhi.service.models.ticket import Ticket


class ArticleQuerySet(OpenQuerySet):
    kind = "article"


class Article(Edited):
    """What is known about one question, in Chinese and English: one article, two texts.

    `title`, `body`, `title_en` and `body_en` are the words being worked on; readers see those of `live`, the
    version published last. `state` is that of the work: an article may be read while it is being revised.
    """

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("article state", "Being written")
        REVIEW = "review", pgettext_lazy("article state", "In review")
        PUBLISHED = "published", pgettext_lazy("article state", "Published")
        RETIRED = "retired", pgettext_lazy("article state", "Retired")

    class Audience(models.IntegerChoices):
        INTERNAL = 0, pgettext_lazy("audience", "Colleagues")
        PORTAL = 1, pgettext_lazy("audience", "Customers who sign in")
        PUBLIC = 2, pgettext_lazy("audience", "Everybody")

    code = models.CharField(max_length=20, unique=True)
    topic = models.ForeignKey(
        ArticleTopic, models.PROTECT, null=True, blank=True, related_name="articles"
    )
    audience = models.SmallIntegerField(choices=Audience, default=Audience.INTERNAL)
    title = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    title_en = models.CharField(max_length=200, blank=True)
    body_en = models.TextField(blank=True)
    keywords = models.CharField(max_length=300, blank=True)
    products = models.ManyToManyField(Product, blank=True, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    remark = models.CharField(max_length=500, blank=True)
    live = models.OneToOneField(
        "service.ArticleVersion", models.PROTECT, null=True, blank=True, related_name="+"
    )
    review_due_on = models.DateField(null=True, blank=True)
    ticket = models.ForeignKey(
        Ticket, models.SET_NULL, null=True, blank=True, related_name="articles"
    )
    views = models.PositiveIntegerField(default=0)
    helped = models.PositiveIntegerField(default=0)
    not_helped = models.PositiveIntegerField(default=0)

    objects: ClassVar[Any] = ArticleQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["review_due_on", "id"], name="articles_review_due"),
            models.Index(fields=["-updated_at", "-id"], name="articles_changed"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(title="") | ~models.Q(title_en=""), name="articles_have_a_title"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="published") | models.Q(live__isnull=False),
                name="articles_published_are_read",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="retired") | models.Q(live__isnull=True),
                name="articles_retired_are_not_read",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def name(self) -> str:
        return self.title or self.title_en

    @property
    def helpfulness(self) -> float:
        """The share of readers whom it helped, drawn towards a half while few have said so."""
        return (self.helped + 1) / (self.helped + self.not_helped + 2)
