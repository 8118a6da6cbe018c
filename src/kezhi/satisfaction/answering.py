"""A survey is answered: by a link without sign-in, by a colleague who asks on the telephone, by a file.

What was typed is read against the questions alone; nothing else in a request is believed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach as may_work_on
from kezhi.customers.models import Contact, Customer
from kezhi.customers.reaching import home_day, home_zone
from kezhi.satisfaction.cases import open_case
from kezhi.satisfaction.models import (
    AskingChannel,
    Survey,
    SurveyAnswer,
    SurveyInvitation,
    SurveyLink,
    SurveyQuestion,
    SurveyReply,
    SurveyResponse,
    SurveyVersion,
)
from kezhi.satisfaction.scoring import score_of

Sort = SurveyQuestion.Sort
State = SurveyInvitation.State
LONGEST = 2_000
LONGEST_SECONDS = 24 * 3600


@dataclass
class Answers:
    """What was answered, by the question's code, and what is wrong with it."""

    numbers: dict[str, Decimal] = field(default_factory=dict)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def __contains__(self, code: str) -> bool:
        return code in self.numbers or code in self.choices or code in self.texts


def read(questions: Iterable[SurveyQuestion], typed: Mapping[str, Sequence[str]]) -> Answers:
    """What the form says, by code; what lies off a scale or outside the choices is an error."""
    answers = Answers()
    for question in questions:
        entries = [each.strip() for each in typed.get(question.code, ()) if each.strip()]
        if question.sort == Sort.MULTI and len(entries) == 1:
            entries = [each.strip() for each in entries[0].split(",")]
        if not entries:
            continue
        if question.sort == Sort.TEXT:
            answers.texts[question.code] = entries[0].replace("\0", "")[:LONGEST]
        elif question.sort in SurveyQuestion.CHOICES:
            _read_choice(question, entries, answers)
        else:
            _read_number(question, entries[0], answers)
    return answers


def _read_choice(question: SurveyQuestion, entries: list[str], answers: Answers) -> None:
    known = {row["at"] for row in question.labels}
    picked = tuple(dict.fromkeys(entries))
    if not set(picked) <= known or (question.sort == Sort.CHOICE and len(picked) > 1):
        answers.errors[question.code] = _("Choose one of these.")
    else:
        answers.choices[question.code] = picked


def _read_number(question: SurveyQuestion, entry: str, answers: Answers) -> None:
    try:
        number = Decimal(entry[:20])
    except InvalidOperation:
        number = Decimal("NaN")
    # Points of a scale are whole; `Decimal` reads more than people type.
    if not (
        entry.lstrip("-").isascii()
        and number.is_finite()
        and number == number.to_integral_value()
        and question.low <= number <= question.high
    ):
        answers.errors[question.code] = _("Choose a point of the scale.")
    else:
        answers.numbers[question.code] = Decimal(int(number))


def applies(question: SurveyQuestion, answers: Answers) -> bool:
    """Whether the question is asked after these answers."""
    if not question.condition:
        return True
    code, than = question.condition["question"], question.condition["than"]
    if code in answers.choices:
        return str(than) in answers.choices[code]
    number = answers.numbers.get(code)
    if number is None:
        return False
    match question.condition["is"]:
        case "at_most":
            return number <= int(than)
        case "at_least":
            return number >= int(than)
        case _:
            return number == int(than)


def demand(questions: Iterable[SurveyQuestion], answers: Answers) -> None:
    """Note what is missing; what isn't asked after these answers is forgotten."""
    for question in questions:
        if not applies(question, answers):
            for kept in (answers.numbers, answers.choices, answers.texts, answers.errors):
                kept.pop(question.code, None)
        elif question.is_required and question.code not in answers:
            answers.errors.setdefault(question.code, _("Please answer this question."))


def is_open(row: SurveyInvitation | SurveyLink, on: date, at: datetime) -> bool:
    """Whether this link takes an answer now."""
    if not row.survey.is_active:
        return False
    if isinstance(row, SurveyLink):
        return row.is_active and (row.expires_on is None or row.expires_on >= on)
    return row.state in SurveyInvitation.WAITING and (row.expires_at is None or row.expires_at > at)


def note_opening(invitation: SurveyInvitation, at: datetime) -> None:
    """When it was opened first; of an anonymous survey nobody notes it."""
    if invitation.state == State.SENT and not invitation.survey.is_anonymous:
        rows = SurveyInvitation.objects.filter(pk=invitation.pk, state=State.SENT)
        rows.update(state=State.OPENED, opened_at=at)


@audited("survey_response.taken")
def take_response(
    survey: Survey,
    answers: Answers,
    *,
    actor: Actor,
    at: datetime,
    invitation: SurveyInvitation | None = None,
    link: SurveyLink | None = None,
    seconds: int | None = None,
    language: str = "",
    key: str = "",
) -> SurveyResponse:
    """Keep what came by an invitation (once) or an open link (once a `key`); a second time gives the first.

    Neither the audit nor the rows of an anonymous survey tell who answered.
    """
    if invitation is not None:
        key = f"invitation:{invitation.pk}"
        locked = SurveyInvitation.objects.select_for_update().get(pk=invitation.pk)
        if locked.state == State.ANSWERED:
            return _known(locked, key)
        if not is_open(locked, home_day(at), at):
            raise Refused(_("This link has ended."))
        invitation, version = locked, locked.survey_version
    elif link is not None:
        key = f"link:{link.pk}:{key}"[:120]
        published = survey.published
        if published is None or not is_open(link, home_day(at), at):
            raise Refused(_("This link has ended."))
        version = published
        if (known := SurveyResponse.objects.filter(key=key).first()) is not None:
            return known
    else:
        raise ValueError("neither invitation nor link")
    response = _response(survey, version, answers, at=at, language=language)
    response.key = key
    response.seconds = min(max(seconds, 0), LONGEST_SECONDS) if seconds is not None else None
    if invitation is not None:
        _take_from(invitation, response, at)
    else:
        response.link = link
        response.channel = link.channel if link else AskingChannel.LINK
    return _save(response, version, answers, actor, at)


@audited("survey_response.entered")
def enter_response(
    survey: Survey,
    customer: Customer,
    answers: Answers,
    *,
    actor: Actor,
    at: datetime,
    contact: Contact | None = None,
    key: str = "",
    channel: str = AskingChannel.HAND,
) -> SurveyResponse:
    """What a customer told a colleague, on the telephone or on paper; `key` makes what comes twice one."""
    if not may_work_on(actor, "create", "survey_response", customer):
        raise NotAllowed(_("Your role doesn’t enter answers of this customer."))
    version = survey.published
    if version is None or not survey.is_active:
        raise Refused(_("This survey isn’t in use."))
    if survey.is_anonymous:
        raise Refused(_("An anonymous survey is answered by its link only."))
    if contact is not None and contact.customer_id != customer.pk:
        raise Refused(_("Choose a contact of this customer."))
    if key and (known := SurveyResponse.objects.filter(key=f"entered:{key}"[:120]).first()):
        return known
    response = _response(survey, version, answers, at=at, language="")
    response.key = f"entered:{key}"[:120] if key else f"entered:{actor.pk}:{at.timestamp()}"
    response.customer, response.contact = customer, contact
    response.channel = channel
    for name, entry in customer.place.items():
        setattr(response, name, entry)
    return _save(response, version, answers, actor, at)


def _known(invitation: SurveyInvitation, key: str) -> SurveyResponse:
    """What was answered with this invitation; of an anonymous survey only that it was."""
    found = SurveyResponse.objects.filter(key=key).first()
    return found or SurveyResponse(survey_id=invitation.survey_id)


def _response(
    survey: Survey, version: SurveyVersion, answers: Answers, *, at: datetime, language: str
) -> SurveyResponse:
    questions = list(version.questions.order_by("position"))
    demand(questions, answers)
    if answers.errors:
        raise Refused(next(iter(answers.errors.values())))
    numbers = [(q, answers.numbers[q.code]) for q in questions if q.code in answers.numbers]
    on = home_day(at)
    comment = next((answers.texts[q.code] for q in questions if q.code in answers.texts), "")
    return SurveyResponse(
        survey=survey,
        survey_version=version,
        answered_at=at,
        answered_on=on,
        language=language[:10],
        score=score_of(numbers, version.dimension_weights),
        comment=comment,
        answers=in_a_line(questions, answers),
    )


def in_a_line(questions: Iterable[SurveyQuestion], answers: Answers) -> str:
    """`code=answer; …`, as files bring responses in."""
    return "; ".join(_line(q, answers) for q in questions if q.code in answers)


def _line(question: SurveyQuestion, answers: Answers) -> str:
    code = question.code
    if code in answers.numbers:
        return f"{code}={int(answers.numbers[code])}"
    return f"{code}={','.join(answers.choices.get(code, ())) or answers.texts.get(code, '')}"


def _take_from(invitation: SurveyInvitation, response: SurveyResponse, at: datetime) -> None:
    """The invitation is used up; what it knew of the customer goes along, unless nobody shall know."""
    response.channel = invitation.channel
    invitation.state = State.ANSWERED
    if invitation.survey.is_anonymous:
        invitation.save(update_fields=["state"])
        return
    invitation.answered_at = at
    invitation.save(update_fields=["state", "answered_at"])
    response.invitation = invitation
    for name in ("customer_id", "contact_id", "about_kind", "about_id", "agent_id"):
        setattr(response, name, getattr(invitation, name))
    for name in ("handling_department_id", "owner_id", "team_id", "department_id"):
        setattr(response, name, getattr(invitation, name))
    for name, entry in invitation.customer.place.items():
        setattr(response, name, entry)


def _save(
    response: SurveyResponse,
    version: SurveyVersion,
    answers: Answers,
    actor: Actor,
    at: datetime,
) -> SurveyResponse:
    is_anonymous = response.survey.is_anonymous
    if is_anonymous:
        _forget_who(response)
    try:
        with transaction.atomic():
            response.save()
    except IntegrityError:
        if (known := SurveyResponse.objects.filter(key=response.key).first()) is not None:
            return known
        raise
    if is_anonymous:
        SurveyResponse.objects.filter(pk=response.pk).update(created_at=response.answered_at)
    questions = list(version.questions.select_related("item").order_by("position"))
    keep_replies(response, questions, answers)
    if not is_anonymous:
        note(response=response.pk, score=str(response.score))
        if response.channel != AskingChannel.IMPORT:
            open_case(response, at=at)
    return response


def _forget_who(response: SurveyResponse) -> None:
    """Only the week stays: with a day and few answers one could tell who it was."""
    week = response.answered_on - timedelta(days=response.answered_on.weekday())
    midnight = datetime.combine(week, datetime.min.time(), home_zone())
    response.answered_on, response.answered_at = week, midnight
    response.invitation = response.customer = response.contact = None
    response.seconds, response.agent_id = None, None
    if response.key.startswith("invitation:"):
        response.key = f"anonymous:{secrets.token_hex(16)}"


def keep_replies(
    response: SurveyResponse, questions: Sequence[SurveyQuestion], answers: Answers
) -> None:
    """One row for each answered question; one that belongs to an item is a survey answer, too."""
    SurveyReply.objects.bulk_create(
        SurveyReply(
            response=response,
            question=question,
            number=answers.numbers.get(question.code),
            choice=",".join(answers.choices.get(question.code, ())),
            text=answers.texts.get(question.code, ""),
        )
        for question in questions
        if question.code in answers
    )
    if response.customer_id is None:
        return
    SurveyAnswer.objects.bulk_create(
        [
            SurveyAnswer(
                respondent=f"S{response.pk}",
                customer_id=response.customer_id,
                item_id=question.item_id,
                answer=answers.numbers[question.code],
                answered_on=response.answered_on,
                owner_id=response.owner_id,
                team_id=response.team_id,
                department_id=response.department_id,
            )
            for question in questions
            if question.item_id is not None and question.code in answers.numbers
        ],
        ignore_conflicts=True,
    )
