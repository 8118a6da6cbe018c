"""What the customer is to be given, and what it is expected to keep; approved by somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Standing
from kezhi.messaging.noticing import notify
from kezhi.service.clocks.keeping import fulfil
from kezhi.service.complaints.ruling import LEVELS, current_rules, level_of
from kezhi.service.complaints.stepping import Step, advance, is_permitted, take
from kezhi.service.models import Clock, Compensation, Complaint, ComplaintRules

Sort, State = Compensation.Sort, Compensation.State
MOST = Decimal(10) ** 12
MOST_PARTS = 10


@dataclass(frozen=True, slots=True)
class Given:
    """One thing that the customer is to be given; `amount` is what it costs the company."""

    sort: str
    amount: Decimal = Decimal(0)
    words: str = ""


@audited("complaint.proposed")
def propose(
    complaint: Complaint,
    given: Sequence[Given],
    *,
    actor: Actor,
    at: datetime,
    words: str,
    expected_to_keep: Decimal | None = None,
    version: int | None = None,
) -> Complaint:
    """What is proposed, with the words to it. The value at risk is noted beside it, as it is known now."""
    complaint = take(complaint, Step.PROPOSAL, actor=actor, version=version)
    if not words.strip():
        raise Refused(_("Say what is proposed to the customer, and why."))
    if len(given) > MOST_PARTS:
        raise Refused(_("Propose at most %(most)s things.") % {"most": MOST_PARTS})
    for each in given:
        _check(each)
    total = sum((each.amount for each in given), Decimal(0))
    if given and complaint.customer is None:
        raise Refused(_("Say first which customer it is: compensation is booked to a customer."))
    if expected_to_keep is not None and not 0 <= expected_to_keep <= MOST:
        raise Refused(_("Enter an amount of 0 or more."))
    complaint.compensations.filter(state=State.PROPOSED).delete()
    if complaint.customer is not None:
        place = complaint.customer.place
        Compensation.objects.bulk_create(
            Compensation(
                complaint=complaint,
                customer=complaint.customer,
                sort=each.sort,
                amount=each.amount,
                words=each.words.strip()[:300],
                created_by_id=actor.pk,
                **place,
            )
            for each in given
        )
        standing = Standing.objects.filter(pk=complaint.customer_id).first()
        complaint.at_risk = standing.value_at_risk if standing is not None else None
    complaint.proposal, complaint.proposed = words.strip()[:500], total
    complaint.proposed_by, complaint.approved_by = person(actor), None
    complaint.expected_to_keep = expected_to_keep
    note(amount=str(total), parts=[str(each.sort) for each in given])
    advance(complaint, actor=actor, at=at, words=words)
    fulfil(complaint.ticket, Clock.Kind.PROPOSAL, actor=actor, at=at)
    return complaint


@audited("complaint.approved")
def approve(
    complaint: Complaint,
    *,
    actor: Actor,
    at: datetime,
    remark: str = "",
    version: int | None = None,
) -> Complaint:
    """Four eyes: nobody approves what they proposed, and nobody more than their role permits."""
    complaint = _decided(complaint, actor, version)
    complaint.approved_by = person(actor)
    note(amount=str(complaint.proposed))
    advance(complaint, actor=actor, at=at, words=remark)
    _tell(complaint, "complaint.approved", actor, at)
    return complaint


@audited("complaint.rejected")
def reject(
    complaint: Complaint,
    *,
    actor: Actor,
    at: datetime,
    reason: str,
    version: int | None = None,
) -> Complaint:
    """Back to the proposal, with the reason: who proposed it is told."""
    complaint = _decided(complaint, actor, version)
    if not reason.strip():
        raise Refused(_("Say why: who proposed it starts from there."))
    complaint.steps.create(
        step=Step.PROPOSAL, at=at, by=person(actor), note=reason.strip()[:1000], is_back=True
    )
    complaint.compensations.filter(state=State.PROPOSED).delete()
    complaint.step, complaint.step_since = Step.PROPOSAL, at
    complaint.version += 1
    complaint.save()
    note(amount=str(complaint.proposed))
    _tell(complaint, "complaint.rejected", actor, at)
    return complaint


def may_approve(complaint: Complaint, actor: Actor, rules: ComplaintRules | None = None) -> bool:
    """Whether the actor's role approves this amount, and it isn't their own proposal."""
    is_own = complaint.proposed_by_id is not None and complaint.proposed_by_id == actor.pk
    least = level_of(complaint.proposed, rules or current_rules())
    return not is_own and any(is_permitted(complaint, actor, kind) for kind in LEVELS[least:])


def _decided(complaint: Complaint, actor: Actor, version: int | None) -> Complaint:
    complaint = take(complaint, Step.APPROVE, actor=actor, version=version)
    if complaint.proposed_by_id is not None and complaint.proposed_by_id == actor.pk:
        raise NotAllowed(_("Somebody else has to approve what you proposed."))
    if not may_approve(complaint, actor):
        raise NotAllowed(_("Your role doesn’t approve this amount. Ask who may."))
    return complaint


def _tell(complaint: Complaint, name: str, actor: Actor, at: datetime) -> None:
    words = {"what": str(complaint.ticket)}
    notify([complaint.proposed_by_id], name, at=at, by=actor, about=complaint.ticket, words=words)


def _check(each: Given) -> None:
    if each.sort not in Sort.values:
        raise Refused(_("Choose what the customer is given."))
    if not each.amount.is_finite() or not 0 <= each.amount <= MOST:
        raise Refused(_("Enter an amount of 0 or more."))
    if each.amount != round(each.amount, 2):
        raise Refused(_("An amount has two decimals at most."))
    if each.sort == Sort.APOLOGY and each.amount:
        raise Refused(_("An apology costs nothing. Name what costs something by itself."))
    if each.sort in (Sort.MONEY, Sort.DISCOUNT) and not each.amount:
        raise Refused(_("Say how much it is."))
