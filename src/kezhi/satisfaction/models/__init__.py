"""The questions that customers are asked, and their answers."""

from kezhi.satisfaction.models.answer import SurveyAnswer
from kezhi.satisfaction.models.item import SurveyItem

__all__ = ["SurveyAnswer", "SurveyItem"]
