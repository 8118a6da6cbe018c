"""What customers are asked, whom and when, what they answered, and what was done about it."""

from kezhi.satisfaction.models.answer import SurveyAnswer
from kezhi.satisfaction.models.asking import (
    AskingChannel,
    SurveyInvitation,
    SurveyLink,
    SurveyRule,
)
from kezhi.satisfaction.models.improvement import Improvement
from kezhi.satisfaction.models.item import SurveyItem
from kezhi.satisfaction.models.response import SurveyReply, SurveyResponse
from kezhi.satisfaction.models.survey import Survey, SurveyQuestion, SurveyVersion

__all__ = [
    "AskingChannel",
    "Improvement",
    "Survey",
    "SurveyAnswer",
    "SurveyInvitation",
    "SurveyItem",
    "SurveyLink",
    "SurveyQuestion",
    "SurveyReply",
    "SurveyResponse",
    "SurveyRule",
    "SurveyVersion",
]
