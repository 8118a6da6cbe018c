from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from kezhi.customers.models.belonging import Belonging, BelongingQuerySet
from kezhi.satisfaction.models.item import SurveyItem


class SurveyAnswerQuerySet(BelongingQuerySet):
    kind = "survey_answer"


class SurveyAnswer(Belonging):
    """What one respondent of a customer answered to one question on a day.

    `about` names the supplier that is judged; empty, the answer is about ourselves. A respondent belongs
    to one customer.
    """

    respondent = models.CharField(max_length=60)
    item = models.ForeignKey(SurveyItem, models.PROTECT, related_name="answers")
    about = models.CharField(max_length=60, blank=True, default="", db_default="")
    answer = models.DecimalField(max_digits=18, decimal_places=4)
    answered_on = models.DateField()

    objects: ClassVar[Any] = SurveyAnswerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["respondent", "item", "about", "answered_on"], name="survey_answer_once"
            )
        ]
        indexes = [
            models.Index(fields=["customer", "-answered_on"], name="survey_answer_customer"),
            models.Index(fields=["answered_on", "id"], name="survey_answer_day"),
            models.Index(fields=["owner_id", "answered_on"], name="survey_answer_owner"),
            models.Index(fields=["team_id", "answered_on"], name="survey_answer_team"),
            models.Index(fields=["department_id", "answered_on"], name="survey_answer_department"),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.answer}"
