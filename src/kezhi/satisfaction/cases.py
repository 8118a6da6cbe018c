"""A low score opens a case: somebody has it, by a day. Which sorts of case there are, higher apps say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.accounts.models import Company, User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.refusal import Refused
from kezhi.customers.following_up import plan_follow_up
from kezhi.customers.reaching import home_day
from kezhi.messaging.outbox import kind_of
from kezhi.records.fields import Label
from kezhi.satisfaction.models import SurveyResponse

Case = SurveyResponse.Case
AT_ONCE = 100
Open = Callable[[SurveyResponse, User | None, str, str, datetime], models.Model]


@dataclass(frozen=True)
class CaseType:
    """`open(response, owner, subject, text, at)` makes the case; called twice for a response it makes one."""

    name: str
    label: Label
    open: Open


TYPES: dict[str, CaseType] = {}


def register(case_type: CaseType) -> None:
    TYPES[case_type.name] = case_type


def is_low(response: SurveyResponse) -> bool:
    below = response.survey.low_below
    return (
        below is not None
        and bool(response.survey.case_type)
        and response.score is not None
        and response.score < below
        and response.customer_id is not None
    )


def open_case(response: SurveyResponse, *, at: datetime) -> None:
    """Where the score is low; a case that can't be opened now is tried again, and the answer stays kept."""
    if not is_low(response):
        return
    response.case_state = Case.WANTED
    try:
        with transaction.atomic():
            _open(response, at)
    except Refused:
        response.case_kind, response.case_id = "", None
    response.save(update_fields=["case_state", "case_kind", "case_id"])


@audited("survey_cases.opened")
def open_wanted(*, actor: Actor, at: datetime) -> int:
    """Those that could not be opened before; after three days nobody tries any more."""
    opened = 0
    rows = SurveyResponse.objects.filter(case_state=Case.WANTED).select_for_update(of=("self",))
    for response in rows.select_related("survey", "customer")[:AT_ONCE]:
        open_case(response, at=at)
        opened += response.case_state == Case.OPENED
        if response.case_state == Case.WANTED and response.answered_at < at - timedelta(days=3):
            response.case_state = Case.IMPOSSIBLE
            response.save(update_fields=["case_state"])
    note(opened=opened)
    return opened


def is_wanted() -> bool:
    return bool(SurveyResponse.objects.filter(case_state=Case.WANTED).exists())


def _open(response: SurveyResponse, at: datetime) -> None:
    survey = response.survey
    case_type = TYPES.get(survey.case_type)
    if case_type is None:
        raise Refused(_("This sort of case isn’t there."))
    with translation.override(Company.home().language):
        subject = _("Low score: %(survey)s, %(score)s of 100") % {
            "survey": survey.title(),
            "score": f"{response.score:.0f}",
        }
        owner = _owner(response)
        case = case_type.open(response, owner, subject, response.comment, at)
        if owner is not None and case_type.name != "follow_up":
            _plan(response, owner, subject, at)
    response.case_state = Case.OPENED
    response.case_kind, response.case_id = kind_of(case), case.pk


def _owner(response: SurveyResponse) -> User | None:
    named = response.survey.case_owner
    if named is not None and named.is_active:
        return named
    customer = response.customer
    owner: Any = customer.owner if customer is not None else None
    return owner if owner is not None and owner.is_active else None


def _plan(response: SurveyResponse, owner: User, subject: str, at: datetime) -> models.Model:
    """The deadline stands in the owner's list, and is told when it is missed like every other."""
    due = home_day(at) + timedelta(days=response.survey.case_days)
    assert response.customer is not None
    return plan_follow_up(
        {"customer": response.customer, "subject": subject, "due_on": due, "assignee": owner},
        actor=SYSTEM,
        on=home_day(at),
    )


def _follow_up(
    response: SurveyResponse, owner: User | None, subject: str, text: str, at: datetime
) -> models.Model:
    if owner is None:
        raise Refused(_("Nobody is there who could take the case."))
    return _plan(response, owner, subject, at)


def register_own() -> None:
    register(CaseType("follow_up", gettext_lazy("Follow-up with the customer"), _follow_up))
