from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Team
from kezhi.core.actor import Actor, Scope
from kezhi.core.owned import Edited, Owned
from kezhi.core.scoping import ScopedQuerySet
from kezhi.service.models.review_round import ReviewRound
from kezhi.service.models.scorecard import Scorecard
from kezhi.service.models.ticket import Ticket


class CaseReviewQuerySet(ScopedQuerySet):
    """Seen by the colleague whose case it is once it is done, by who reviews it, by the lead of the team."""

    kind = "case_review"

    def within(self, scope: Scope, actor: Actor, action: str = "read", via: str = "") -> Any:
        if scope in (Scope.ALL, Scope.NONE) or actor.pk is None:
            return super().within(scope, actor, action, via)
        reached = models.Q(reviewer_id__in=actor.own_ids) | models.Q(
            team_id__in=Team.objects.filter(lead_id__in=actor.own_ids).values("pk")
        )
        if action == "read":
            done = models.Q(state__in=("done", "answered"))
            reached |= done & models.Q(owner_id__in=actor.own_ids)
        if scope is Scope.DEPARTMENT:
            reached |= models.Q(department_id__in=actor.department_ids)
        elif scope is Scope.TEAM and actor.team_id is not None:
            reached |= models.Q(team_id=actor.team_id)
        return self.filter(reached)


class CaseReview(Owned, Edited):
    """One solved case, looked at by a colleague who didn't work on it.

    `marks` and `comments` are by criterion; no mark where it doesn't apply. `score` is 0-100. `owner_id`,
    `team_id` and `department_id` are those of the agent, whose work it is about.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("review state", "To be done")
        DONE = "done", pgettext_lazy("review state", "Done")
        ANSWERED = "answered", pgettext_lazy("review state", "Answered")

    round = models.ForeignKey(
        ReviewRound, models.SET_NULL, null=True, blank=True, related_name="reviews"
    )
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="reviews")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    scorecard = models.ForeignKey(Scorecard, models.PROTECT, related_name="+")
    stratum = models.CharField(max_length=20, blank=True)
    is_calibration = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    due_on = models.DateField(null=True, blank=True)
    marks = models.JSONField(default=dict)
    comments = models.JSONField(default=dict)
    remark = models.TextField(blank=True)
    score = models.FloatField(null=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = CaseReviewQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner_id", "-created_at"], name="case_reviews_agent"),
            models.Index(fields=["reviewer", "state"], name="case_reviews_reviewer"),
            models.Index(fields=["department_id", "-created_at"], name="case_reviews_department"),
            models.Index(fields=["team_id", "-created_at"], name="case_reviews_team"),
            models.Index(fields=["-created_at", "-id"], name="case_reviews_newest"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "reviewer"], name="case_reviews_once"),
            models.CheckConstraint(
                condition=~models.Q(reviewer=models.F("agent")), name="case_reviews_not_ones_own"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.state}"
