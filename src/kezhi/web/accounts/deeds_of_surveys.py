"""What the log calls the deeds of surveys and improvements."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

LABELS: dict[str, str | Promise] = {
    "survey.draft_begun": gettext_lazy("began a new version of the survey"),
    "survey.draft_dropped": gettext_lazy("gave up the draft of the survey"),
    "survey.question_added": gettext_lazy("added a question to the survey"),
    "survey.question_taken": gettext_lazy("took a question from the bank"),
    "survey.question_edited": gettext_lazy("changed a question of the survey"),
    "survey.question_moved": gettext_lazy("moved a question of the survey"),
    "survey.question_removed": gettext_lazy("removed a question of the survey"),
    "survey.weights_set": gettext_lazy("set what the survey’s score is made of"),
    "survey.published": gettext_lazy("published the survey"),
    "survey.sent": gettext_lazy("sent the surveys that were due"),
    "survey.sent_by_hand": gettext_lazy("sent the survey by hand"),
    "survey_rule.created": gettext_lazy("made a rule by which a survey is sent"),
    "survey_rule.edited": gettext_lazy("changed a rule by which a survey is sent"),
    "survey_rule.deleted": gettext_lazy("removed a rule by which a survey is sent"),
    "survey_link.created": gettext_lazy("made an open link to a survey"),
    "survey_link.switched": gettext_lazy("opened or ended a link to a survey"),
    "survey_response.taken": gettext_lazy("received an answer to the survey"),
    "survey_response.entered": gettext_lazy("entered an answer to the survey"),
    "survey_cases.opened": gettext_lazy("opened cases for low scores"),
    "improvement.moved": gettext_lazy("took the improvement a step on"),
    "improvement.measured": gettext_lazy("measured the improvement"),
    "improvements.told": gettext_lazy("told owners of overdue improvements"),
}
