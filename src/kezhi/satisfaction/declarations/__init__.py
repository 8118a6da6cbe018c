"""Surveys, their questions, what was answered, and improvements as kinds of record."""

from kezhi.satisfaction.declarations import answers, improvement, response, survey


def register() -> None:
    answers.register()
    survey.register()
    response.register()
    improvement.register()


__all__ = ["register"]
