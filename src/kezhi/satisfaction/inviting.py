"""Surveys sent by hand, to a segment or some customers: first a preview of who is asked."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer, Segment
from kezhi.customers.models.consent import ConsentChannel, Purpose
from kezhi.customers.reaching import may_reach_all
from kezhi.customers.reading_segments import members
from kezhi.satisfaction.models import Survey, SurveyInvitation, SurveyRule
from kezhi.satisfaction.sending import (
    BY_HAND,
    asked_lately,
    invitation_for,
    is_drawn,
    usual_contacts,
)
from kezhi.workbench.filtering import Asking

MOST = 2_000


@dataclass(frozen=True, slots=True)
class Wish:
    """Who is asked by hand: of a segment, or of these customers; a share of them, drawn by `seed`."""

    segment: Segment | None = None
    customers: Sequence[int] = ()
    share: Decimal = Decimal(1)
    seed: int = 1
    cap_days: int = 30
    remind_after_days: int | None = 7
    expires_after_days: int = 21


@dataclass(frozen=True, slots=True)
class Candidate:
    """One customer with who would be asked there; `reason` says why not, empty when they are."""

    customer: Customer
    invitation: SurveyInvitation
    reason: str


def preview(survey: Survey, wish: Wish, asking: Asking, at: datetime) -> list[Candidate]:
    """Everyone the wish means whom the actor may see, in order of name; the same draw as when it is sent."""
    if not asking.actor.may("edit", "survey"):
        raise NotAllowed(_("Your role doesn’t send surveys."))
    version = survey.published
    if version is None:
        raise Refused(_("Publish the survey before you send it."))
    _check(wish)
    rule = _rule(survey, wish)
    meant = _meant(wish, asking)
    contacts = usual_contacts(meant)
    found = []
    for customer in meant:
        if is_drawn(rule, _key(customer)):
            found.append(invitation_for(rule, version, customer, contacts.get(customer.pk), at))
    reasons = _reasons(found, wish.cap_days, at)
    return [
        Candidate(invitation.customer, invitation, reason)
        for invitation, reason in zip(found, reasons, strict=True)
    ]


@audited("survey.sent_by_hand")
def send_by_hand(
    survey: Survey, wish: Wish, asking: Asking, *, actor: Actor, at: datetime
) -> SurveyRule:
    """Letters to all who may be asked leave with the next round; who may not is kept with the reason."""
    survey = claim(survey, actor=actor, action="edit")
    if not survey.is_active:
        raise Refused(_("The survey was taken out of use."))
    candidates = preview(survey, wish, asking, at)
    if not any(not each.reason for each in candidates):
        raise Refused(_("Nobody of them may be asked now."))
    rule = _rule(survey, wish)
    rule.looked_until = at
    rule.save()
    round_key = uuid.uuid4().hex
    rows = []
    for each in candidates:
        row = each.invitation
        row.rule, row.created_by_id = rule, actor.pk
        row.key = f"hand:{round_key}:{row.customer_id}"
        if each.reason:
            row.state, row.reason = SurveyInvitation.State.KEPT_BACK, each.reason[:200]
        rows.append(row)
    SurveyInvitation.objects.bulk_create(rows, batch_size=500)
    note(
        asked=sum(not c.reason for c in candidates),
        kept_back=sum(bool(c.reason) for c in candidates),
    )
    return rule


def _check(wish: Wish) -> None:
    if not 0 < wish.share <= 1:
        raise Refused(_("Between 1 and 100 per cent are asked."))
    if not 0 <= wish.cap_days <= 730:
        raise Refused(_("Between 0 and 730 days from one survey to the next."))
    if not 1 <= wish.expires_after_days <= 180:
        raise Refused(_("A link is open for 1 to 180 days."))
    remind = wish.remind_after_days
    if remind is not None and not 1 <= remind < wish.expires_after_days:
        raise Refused(_("Remind people before their link ends."))


def _meant(wish: Wish, asking: Asking) -> list[Customer]:
    if wish.segment is not None:
        rows = members(wish.segment, asking)
    else:
        rows = Customer.objects.visible_to(asking.actor).filter(pk__in=list(wish.customers)[:MOST])
    found = list(rows.order_by("name_key", "pk")[: MOST + 1])
    if len(found) > MOST:
        raise Refused(
            _("At most %(most)s customers are asked by hand at a time. Choose a smaller segment.")
            % {"most": f"{MOST:,}"}
        )
    return found


def _rule(survey: Survey, wish: Wish) -> SurveyRule:
    return SurveyRule(
        survey=survey,
        name=str(wish.segment) if wish.segment else _("Chosen customers"),
        event=BY_HAND,
        delay_hours=0,
        share=wish.share,
        seed=wish.seed,
        cap_days=wish.cap_days,
        remind_after_days=wish.remind_after_days,
        expires_after_days=wish.expires_after_days,
        segment=wish.segment,
        is_active=False,
    )


def _reasons(rows: list[SurveyInvitation], days: int, at: datetime) -> list[str]:
    if not rows:
        return []
    persons = [row.person for row in rows]
    answers = may_reach_all(persons, Purpose.SURVEY, ConsentChannel.EMAIL, at)
    lately = asked_lately(rows, days, at)
    found = []
    for place, (person, answer) in enumerate(zip(persons, answers, strict=True)):
        if not person.email:
            found.append(_("There is no e-mail address."))
        elif place in lately:
            found.append(_("They were asked within the last %(days)s days.") % {"days": days})
        elif not answer and answer.again_at is None:
            found.append(answer.reason)
        else:
            found.append("")
    return found


def _key(customer: Customer) -> str:
    return f"customer:{customer.pk}"
