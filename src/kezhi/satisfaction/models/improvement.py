from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from kezhi.core.owned import Edited
from kezhi.core.scoping import ScopedQuerySet
from kezhi.satisfaction.models.survey import Survey, SurveyQuestion


class ImprovementQuerySet(ScopedQuerySet):
    kind = "improvement"

    def open(self) -> ImprovementQuerySet:
        return self.filter(state__in=Improvement.OPEN_STATES)


class Improvement(Edited):
    """What is done so that customers are more content, and whether it helped.

    It passes through plan, do, check and act. `measure` says what is counted in the two periods, before and
    after; `result` keeps both with their intervals as they were last measured. `team_id` and `department_id`
    are the owner's.
    """

    class State(models.TextChoices):
        PLAN = "plan", pgettext_lazy("improvement", "Plan")
        DO = "do", pgettext_lazy("improvement", "Do")
        CHECK = "check", pgettext_lazy("improvement", "Check")
        ACT = "act", pgettext_lazy("improvement", "Act")
        DONE = "done", pgettext_lazy("improvement", "Done")
        GIVEN_UP = "given_up", pgettext_lazy("improvement", "Given up")

    class Measure(models.TextChoices):
        SCORE = "score", pgettext_lazy("improvement measure", "Score of a survey")
        DIMENSION = "dimension", pgettext_lazy("improvement measure", "Dimension of a survey")
        NPS = "nps", pgettext_lazy("improvement measure", "Net promoter score of a survey")
        COMPLAINTS = "complaints", pgettext_lazy("improvement measure", "Complaints of a cause")

    OPEN_STATES = (State.PLAN, State.DO, State.CHECK, State.ACT)

    title = models.CharField(max_length=160)
    cause = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.PLAN)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    due_on = models.DateField()
    measure = models.CharField(max_length=12, choices=Measure, default=Measure.SCORE)
    survey = models.ForeignKey(
        Survey, models.PROTECT, null=True, blank=True, related_name="improvements"
    )
    dimension = models.CharField(
        max_length=20, choices=SurveyQuestion.Dimension, blank=True, default=""
    )
    target = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)
    before_from = models.DateField(null=True, blank=True)
    before_until = models.DateField(null=True, blank=True)
    after_from = models.DateField(null=True, blank=True)
    after_until = models.DateField(null=True, blank=True)
    plan = models.TextField(blank=True)
    done = models.TextField(blank=True)
    checked = models.TextField(blank=True)
    acted = models.TextField(blank=True)
    result = models.JSONField(default=dict, blank=True)
    measured_on = models.DateField(null=True, blank=True)
    finished_on = models.DateField(null=True, blank=True)
    team_id = models.BigIntegerField(null=True)
    department_id = models.BigIntegerField(null=True)

    objects: ClassVar[Any] = ImprovementQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner", "due_on"], name="improvements_owner"),
            models.Index(fields=["team_id", "due_on"], name="improvements_team"),
            models.Index(fields=["department_id", "due_on"], name="improvements_department"),
            models.Index(fields=["state", "due_on"], name="improvements_state"),
            models.Index(fields=["due_on", "id"], name="improvements_due"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(before_until__isnull=True)
                | Q(before_from__isnull=True)
                | Q(before_until__gte=F("before_from")),
                name="improvement_before_in_order",
            ),
            models.CheckConstraint(
                condition=Q(after_until__isnull=True)
                | Q(after_from__isnull=True)
                | Q(after_until__gte=F("after_from")),
                name="improvement_after_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN_STATES
