"""What becomes of responses after they came: deleted, followed to another owner, shown question by question."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import Refused
from kezhi.customers.placing import follow_in
from kezhi.customers.reaching import home_zone
from kezhi.satisfaction import answering
from kezhi.satisfaction.models import (
    AskingChannel,
    SurveyAnswer,
    SurveyInvitation,
    SurveyQuestion,
    SurveyReply,
    SurveyResponse,
)
from kezhi.satisfaction.models.survey import told


@audited("survey_response.created")
def create_response(fields: dict[str, Any], *, actor: Actor, on: date) -> SurveyResponse:
    """A response from a file, a program, or a form: `answers` as `code=answer; code=answer`.

    The same customer, survey and day with the same answers is refused the second time. Responses brought in
    so open no cases: they are of the past.
    """
    survey, customer = fields.get("survey"), fields.get("customer")
    if survey is None or customer is None:
        raise Refused(_("Choose the survey and the customer who answered."))
    day = fields.get("answered_on") or on
    if day > on:
        raise Refused(_("An answer can’t be dated in the future."))
    version = survey.published
    if version is None:
        raise Refused(_("This survey isn’t in use."))
    told = str(fields.get("answers") or "")
    answers = answering.read(version.questions.all(), parsed(told))
    at = datetime.combine(day, time(12), home_zone())
    mark = hashlib.sha256(f"{survey.pk}:{customer.pk}:{day}:{told}".encode()).hexdigest()[:40]
    if SurveyResponse.objects.filter(key=f"entered:{mark}").exists():
        raise Refused(_("This response was brought in already."))
    return answering.enter_response(
        survey,
        customer,
        answers,
        actor=actor,
        at=at,
        contact=fields.get("contact"),
        key=mark,
        channel=AskingChannel.IMPORT,
    )


def parsed(text: str) -> dict[str, list[str]]:
    """`recommend=9; reason=slow,unclear; comment=…`: what follows a code belongs to it until the next one."""
    found: dict[str, list[str]] = {}
    # Few spaces and a short code: what is looked at from each line end stays short, too.
    begins = r"[;；\n](?=\s{0,20}[A-Za-z][A-Za-z0-9_]{0,80}\s{0,20}[=＝])"
    for part in re.split(begins, text[:20_000]):
        code, sign, entry = part.replace("＝", "=").partition("=")
        if not sign or not code.strip():
            raise Refused(_("Write the answers as code=answer, parted by semicolons."))
        found[code.strip()] = [entry.strip()]
    return found


@audited("survey_response.deleted")
def delete_response(response: SurveyResponse, *, actor: Actor, on: date) -> None:
    """With its replies and the survey answers it had led to; figures of runs published before stay."""
    response = claim(response, actor=actor, action="delete")
    note(survey=response.survey_id)
    SurveyAnswer.objects.filter(respondent=f"S{response.pk}").delete()
    response.delete()


def follow_owners(customers: list[int]) -> None:
    """Invitations and responses repeat owner, team and department of their customers."""
    for model in (SurveyInvitation, SurveyResponse):
        follow_in(model._meta.db_table, customers)


def shown_reply(reply: SurveyReply) -> str:
    """The answer as people read it: the point with its word, the choices, or the text."""
    question = reply.question
    labels = {row["at"]: row for row in question.labels}
    if reply.text:
        return reply.text
    if reply.choice:
        return ", ".join(_word(labels, at) for at in reply.choice.split(","))
    if reply.number is None:
        return ""
    point = str(int(reply.number))
    if question.sort in SurveyQuestion.KANO:
        return _word(labels, point)
    return _("%(number)s of %(high)s") % {"number": point, "high": question.high}


def _word(labels: dict[str, dict[str, str]], at: str) -> str:
    found = labels.get(at)
    return told(found["zh"], found["en"]) if found else at
