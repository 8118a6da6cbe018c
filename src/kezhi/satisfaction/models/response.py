"""What people answered: one response, and one reply to each question."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from kezhi.core.custom import custom_column
from kezhi.core.owned import Owned
from kezhi.core.scoping import ScopedQuerySet
from kezhi.customers.models import Contact, Customer
from kezhi.satisfaction.models.asking import AskingChannel, SurveyInvitation, SurveyLink
from kezhi.satisfaction.models.survey import Survey, SurveyQuestion, SurveyVersion


class SurveyResponseQuerySet(ScopedQuerySet):
    kind = "survey_response"
    share_path = "customer_id"


class SurveyResponse(Owned):
    """One filled-in survey. `score` runs from 0 to 100, empty where nothing was to be scored.

    `owner_id`, `team_id` and `department_id` are the customer's; `agent_id` and `handling_department_id` say
    who worked on what it is about. Of an anonymous survey none of them is kept, nor invitation, customer or
    hour: only the day.
    """

    class Case(models.TextChoices):
        NONE = "", pgettext_lazy("survey case", "None needed")
        WANTED = "wanted", pgettext_lazy("survey case", "To be opened")
        OPENED = "opened", pgettext_lazy("survey case", "Opened")
        IMPOSSIBLE = "impossible", pgettext_lazy("survey case", "Could not be opened")

    survey = models.ForeignKey(Survey, models.PROTECT, related_name="responses")
    survey_version = models.ForeignKey(SurveyVersion, models.PROTECT, related_name="responses")
    invitation = models.OneToOneField(
        SurveyInvitation, models.SET_NULL, null=True, blank=True, related_name="response"
    )
    link = models.ForeignKey(
        SurveyLink, models.SET_NULL, null=True, blank=True, related_name="responses"
    )
    customer = models.ForeignKey(
        Customer, models.CASCADE, null=True, blank=True, related_name="survey_responses"
    )
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="survey_responses"
    )
    key = models.CharField(max_length=120, unique=True)
    answered_at = models.DateTimeField()
    answered_on = models.DateField()
    seconds = models.PositiveIntegerField(null=True, blank=True)
    language = models.CharField(max_length=10, blank=True)
    channel = models.CharField(max_length=8, choices=AskingChannel)
    score = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    comment = models.TextField(blank=True)
    # All replies in a line, `code=answer; …`: what files bring and take.
    answers = models.TextField(blank=True, default="", db_default="")
    about_kind = models.CharField(max_length=40, blank=True)
    about_id = models.BigIntegerField(null=True, blank=True)
    agent_id = models.BigIntegerField(null=True, blank=True)
    handling_department_id = models.BigIntegerField(null=True, blank=True)
    case_state = models.CharField(max_length=10, choices=Case, blank=True, default="")
    case_kind = models.CharField(max_length=40, blank=True)
    case_id = models.BigIntegerField(null=True, blank=True)
    custom = custom_column()
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = SurveyResponseQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["survey", "-answered_on", "-id"], name="survey_resp_survey"),
            models.Index(fields=["customer", "-answered_at"], name="survey_resp_customer"),
            models.Index(fields=["-answered_at", "-id"], name="survey_resp_newest"),
            models.Index(fields=["owner_id", "-answered_at"], name="survey_resp_owner"),
            models.Index(fields=["team_id", "-answered_at"], name="survey_resp_team"),
            models.Index(fields=["department_id", "-answered_at"], name="survey_resp_department"),
            models.Index(fields=["agent_id", "-answered_on"], name="survey_resp_agent"),
            models.Index(fields=["about_kind", "about_id"], name="survey_resp_about"),
            models.Index(fields=["id"], name="survey_resp_case", condition=Q(case_state="wanted")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=0, score__lte=100),
                name="survey_response_score",
            )
        ]

    def __str__(self) -> str:
        return f"{self.survey_id} {self.answered_on}"


class SurveyReply(models.Model):
    """The answer to one question: a number on its scale, the codes of what was chosen, or words."""

    response = models.ForeignKey(SurveyResponse, models.CASCADE, related_name="replies")
    question = models.ForeignKey(SurveyQuestion, models.PROTECT, related_name="replies")
    number = models.DecimalField(max_digits=9, decimal_places=3, null=True, blank=True)
    choice = models.CharField(max_length=400, blank=True)
    text = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["response", "question"], name="survey_reply_once")
        ]
        indexes = [models.Index(fields=["question", "number"], name="survey_reply_question")]

    def __str__(self) -> str:
        return f"{self.question_id} {self.number if self.number is not None else self.choice}"
