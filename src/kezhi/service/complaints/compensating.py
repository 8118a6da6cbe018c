"""What was approved is carried out, and booked to what the customer costs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db.models import Sum
from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused
from kezhi.ledger.models import CostEntry
from kezhi.service.complaints.stepping import JUDGING, Step, advance, take
from kezhi.service.models import Compensation, Complaint

State = Compensation.State


@audited("compensation.carried_out")
def carry_out(compensation: Compensation, *, actor: Actor, at: datetime, on: date) -> Compensation:
    """One thing was given. It becomes a cost of the customer, once; when all were, the feedback is due."""
    complaint = take(compensation.complaint, Step.ACT, actor=actor)
    compensation = Compensation.objects.select_for_update(of=("self",)).get(pk=compensation.pk)
    if compensation.state != State.PROPOSED:
        raise Refused(_("This was carried out already."))
    if compensation.amount:
        compensation.cost = book(compensation, compensation.amount, on, "")
    compensation.state, compensation.done_on = State.DONE, on
    compensation.done_by = person(actor)
    compensation.version += 1
    compensation.save()
    note(amount=str(compensation.amount), sort=compensation.sort)
    _sum_up(complaint)
    if not complaint.compensations.filter(state=State.PROPOSED).exists():
        advance(complaint, actor=actor, at=at, words="")
    else:
        complaint.version += 1
        complaint.save()
    return compensation


@audited("compensation.reversed")
def take_back(
    compensation: Compensation, *, actor: Actor, at: datetime, on: date, reason: str
) -> Compensation:
    """A correction: what was booked stands against a negative entry. The complaint says what it cost then."""
    steps = [step for step in Step if step not in (Step.RECORD, Step.JUDGE)]
    complaint = take(compensation.complaint, *steps, actor=actor, grant=JUDGING)
    compensation = Compensation.objects.select_for_update(of=("self",)).get(pk=compensation.pk)
    if compensation.state != State.DONE:
        raise Refused(_("Only what was carried out can be taken back."))
    if not reason.strip():
        raise Refused(_("Say why it is taken back."))
    if compensation.amount:
        compensation.reversal = book(compensation, -compensation.amount, on, "-back")
    compensation.state = State.REVERSED
    compensation.version += 1
    compensation.save()
    note(amount=str(compensation.amount), sort=compensation.sort)
    _sum_up(complaint)
    complaint.version += 1
    complaint.save()
    return compensation


def book(compensation: Compensation, amount: Decimal, on: date, ending: str) -> CostEntry:
    """The cost of its customer, once."""
    customer, ticket = compensation.customer, compensation.complaint.ticket
    return CostEntry.objects.create(
        customer=customer,
        activity=CostEntry.Activity.REDRESS,
        incurred_on=on,
        amount=amount,
        remark=f"{ticket.number} {compensation.words or ticket.subject}"[:200],
        # The key is unique: whatever is repeated, it is booked once.
        entry_key=f"compensation-{compensation.pk}{ending}",
        **customer.place,
    )


def _sum_up(complaint: Complaint) -> None:
    done = complaint.compensations.filter(state=State.DONE).aggregate(sum=Sum("amount"))["sum"]
    complaint.compensated = done or Decimal(0)
