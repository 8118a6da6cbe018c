from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.customers.models import Contact, Need
from kezhi.customers.models.belonging import Belonging, BelongingQuerySet
from kezhi.service.models.portal_account import PortalAccount


class IdeaQuerySet(BelongingQuerySet):
    kind = "idea"

    def published(self) -> IdeaQuerySet:
        return self.filter(is_published=True)


class Idea(Belonging):
    """What a customer would like the company to do. Published, every portal account reads it and may vote.

    Who had the idea is told to colleagues alone: other customers see neither the name nor the customer.
    `votes_count` is kept by the database, where votes come and go.
    """

    class State(models.TextChoices):
        NEW = "new", pgettext_lazy("idea", "New")
        CONSIDERED = "considered", pgettext_lazy("idea", "Being considered")
        PLANNED = "planned", pgettext_lazy("idea", "Planned")
        DONE = "done", pgettext_lazy("idea", "Done")
        DECLINED = "declined", pgettext_lazy("idea", "Declined")

    title = models.CharField(max_length=150)
    text = models.TextField(blank=True)
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    account = models.ForeignKey(
        PortalAccount, models.SET_NULL, null=True, blank=True, related_name="ideas"
    )
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    answer = models.TextField(blank=True)
    answered_on = models.DateField(null=True, blank=True)
    is_published = models.BooleanField(default=False)
    published_on = models.DateField(null=True, blank=True)
    need = models.ForeignKey(Need, models.SET_NULL, null=True, blank=True, related_name="+")
    votes_count = models.PositiveIntegerField(default=0)
    submitted_on = models.DateField()

    objects: ClassVar[Any] = IdeaQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-id"], name="ideas_customer"),
            models.Index(fields=["owner_id", "-id"], name="ideas_owner"),
            models.Index(fields=["team_id", "-id"], name="ideas_team"),
            models.Index(fields=["department_id", "-id"], name="ideas_department"),
            models.Index(fields=["contact"], name="ideas_contact"),
            models.Index(
                fields=["-votes_count", "-id"],
                name="ideas_published",
                condition=models.Q(is_published=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="declined") | ~models.Q(answer=""),
                name="ideas_declined_with_an_answer",
            ),
            models.CheckConstraint(
                condition=models.Q(is_published=False) | models.Q(published_on__isnull=False),
                name="ideas_published_on_a_day",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class IdeaVote(models.Model):
    """One account's one vote for an idea."""

    idea = models.ForeignKey(Idea, models.CASCADE, related_name="votes", db_index=False)
    account = models.ForeignKey(PortalAccount, models.CASCADE, related_name="votes")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["idea", "account"], name="idea_votes_one_each")
        ]

    def __str__(self) -> str:
        return f"{self.idea_id}"


class IdeaComment(models.Model):
    """A word of the company about an idea, read by everybody who reads the idea."""

    idea = models.ForeignKey(Idea, models.CASCADE, related_name="comments", db_index=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["idea", "at", "id"], name="idea_comments_order")]

    def __str__(self) -> str:
        return self.text[:60]
