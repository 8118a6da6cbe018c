from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.core.scoping import OpenQuerySet
from kezhi.insight.models.settings import ValueSettings


class IndexDraftQuerySet(OpenQuerySet):
    kind = "index_draft"

    def open(self) -> IndexDraftQuerySet:
        """Not decided for good: written, waiting for approval, or for its day."""
        State = IndexDraft.State
        return self.filter(state__in=(State.DRAFT, State.WAITING, State.APPROVED))

    def due(self, on: Any) -> IndexDraftQuerySet:
        return self.filter(state=IndexDraft.State.APPROVED, effective_on__lte=on)


class IndexDraft(models.Model):
    """An index system on its way to being published.

    `tree` is a plain `kezhi.value.index.tree.IndexTree` that may still be incomplete, without judgements:
    those are rows of `IndexJudgement`. `base` are the rules it was begun from, `published_as` those that
    it became. `effective_on` is the day from which value runs go by it. `version` counts its changes.
    """

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("index draft", "Draft")
        WAITING = "waiting", pgettext_lazy("index draft", "Waiting for approval")
        APPROVED = "approved", pgettext_lazy("index draft", "Approved, waiting for its day")
        PUBLISHED = "published", pgettext_lazy("index draft", "Published")
        DISCARDED = "discarded", pgettext_lazy("index draft", "Discarded")

    title = models.CharField(max_length=80)
    tree = models.JSONField()
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1)
    base = models.ForeignKey(ValueSettings, models.PROTECT, related_name="+")
    begun_on = models.DateField()
    begun_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(max_length=300, blank=True)
    effective_on = models.DateField(null=True)
    submitted_on = models.DateField(null=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decided_on = models.DateField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decision = models.CharField(max_length=300, blank=True)
    published_as = models.ForeignKey(
        ValueSettings, models.PROTECT, null=True, related_name="+", db_index=False
    )

    objects: ClassVar[Any] = IndexDraftQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "-id"], name="insight_draft_state")]
        constraints = [
            models.UniqueConstraint(fields=["published_as"], name="insight_draft_published_once")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING

    @property
    def is_approved(self) -> bool:
        return self.state == self.State.APPROVED

    @property
    def is_open(self) -> bool:
        return self.is_draft or self.is_waiting or self.is_approved


class IndexJudgement(models.Model):
    """How somebody judges the indices below `parent` (a group's name; the whole tree: empty) in pairs.

    `pairs` is a list of [index, other, how many times as important]. Without a person: taken over from a
    version whose judges aren't known any more.
    """

    draft = models.ForeignKey(IndexDraft, models.CASCADE, related_name="judgements", db_index=False)
    parent = models.CharField(max_length=80, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    pairs = models.JSONField()
    judged_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "parent", "person"], name="insight_judgement_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.draft}: {self.parent or '–'}"
