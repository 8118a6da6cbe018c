"""Deeds of the knowledge base and of quality in people's words."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

LABELS: dict[str, str | Promise] = {
    "article.created": gettext_lazy("wrote the article"),
    "article.edited": gettext_lazy("edited the article"),
    "article.deleted": gettext_lazy("deleted the article"),
    "article.exported": gettext_lazy("exported articles"),
    "article.submitted": gettext_lazy("sent the article for review"),
    "article.sent_back": gettext_lazy("sent the article back"),
    "article.published": gettext_lazy("published the article"),
    "article.confirmed": gettext_lazy("confirmed the article"),
    "article.retired": gettext_lazy("retired the article"),
    "article.taken_back": gettext_lazy("took an earlier version of the article back"),
    "article.placed": gettext_lazy("placed the article"),
    "article.drafted": gettext_lazy("wrote an article from the ticket"),
    "article_topic.created": gettext_lazy("added the topic"),
    "article_topic.edited": gettext_lazy("edited the topic"),
    "article_topic.deleted": gettext_lazy("deleted the topic"),
    "articles.tended": gettext_lazy("looked after the articles"),
    "scorecard.published": gettext_lazy("published the scorecard"),
    "review_round.drawn": gettext_lazy("drew cases for review"),
    "case_review.done": gettext_lazy("reviewed the case"),
    "case_review.answered": gettext_lazy("answered the review"),
    "case_review.doubled": gettext_lazy("asked for a second review"),
    "case_review.deleted": gettext_lazy("removed the review"),
    "case_review.exported": gettext_lazy("exported case reviews"),
    "agent_months.kept": gettext_lazy("worked out the figures of service"),
    "skill.set": gettext_lazy("set the skill"),
    "course.kept": gettext_lazy("changed the course"),
    "training.noted": gettext_lazy("noted the training"),
}
