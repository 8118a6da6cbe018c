"""Complaints that another system settled: on record with their result and what they cost, without clocks,
letters or notices, for all that is over."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach
from kezhi.customers.reaching import home_day, home_zone
from kezhi.service.complaints.compensating import book
from kezhi.service.complaints.recording import put_on_record
from kezhi.service.models import Compensation, Complaint, Ticket, TicketEntry
from kezhi.service.tickets.happening import moment
from kezhi.service.tickets.opening import place

Step = Complaint.Step
OUR_NUMBER = re.compile(r"T-\d+")
LONGEST_NUMBER = 20
NOON = time(12)


@audited("complaint.brought_in")
def bring_in_complaint(
    fields: Mapping[str, Any], *, actor: Actor, on: date, books: bool = True
) -> Complaint:
    """A complaint from a file, completed, under its former number. With `books` its compensation is a cost of
    its customer, as if it had been carried out here; without, the cost is in the ledger already."""
    entries = dict(fields)
    customer = entries.pop("customer")
    if not may_reach(actor, "import", "complaint", customer):
        raise NotAllowed(_("Your role doesn’t note complaints of this customer."))
    moments = opened_at, settled_at, closed_at = _moments(entries)
    ticket = Ticket(
        number=_free(str(entries.pop("number"))),
        type=Ticket.Type.COMPLAINT,
        state=Ticket.State.CLOSED,
        channel=Ticket.Channel.API,
        subject=" ".join(str(entries.pop("subject")).split())[:300],
        customer=customer,
        product=entries.get("product"),
        opened_at=opened_at,
        customer_wrote_at=opened_at,
        answered_at=settled_at,
        solved_at=settled_at,
        closed_at=closed_at,
        created_by_id=actor.pk,
    )
    place(ticket)
    ticket.at_stake = Decimal(0)  # nothing is, once it is over
    ticket.save()
    complaint = Complaint(
        ticket=ticket,
        customer=customer,
        step=Step.DONE,
        step_since=closed_at,
        opened_at=opened_at,
        settled_at=settled_at,
        closed_at=closed_at,
        created_by_id=actor.pk,
        **customer.place,
    )
    for name in ("verdict", "answer", "responsible", "summary", "compensated"):
        if name in entries:
            setattr(complaint, name, entries.pop(name))
    complaint.proposed = complaint.compensated
    put_on_record(complaint, entries, actor)
    complaint.save()
    _keep_words(complaint, moments)
    if complaint.compensated:
        _give(complaint, home_day(settled_at), actor, books=books)
    note(number=ticket.number, amount=str(complaint.compensated))
    return complaint


def _moments(entries: dict[str, Any]) -> tuple[datetime, datetime, datetime]:
    """When it was received, settled and completed: days of the company, told as their noon."""
    opened, settled = entries.pop("opened_at"), entries.pop("settled_at")
    closed = entries.pop("closed_at", settled)
    if not opened <= settled <= closed:
        raise Refused(_("A complaint is received first, then settled, then completed."))
    now, zone = moment(None), home_zone()
    first, second, third = (
        min(datetime.combine(day, NOON, zone), now) for day in (opened, settled, closed)
    )
    return first, second, third


def _free(number: str) -> str:
    number = " ".join(number.split())
    if not 0 < len(number) <= LONGEST_NUMBER:
        raise Refused(_("A number has at most %(most)s characters.") % {"most": LONGEST_NUMBER})
    if OUR_NUMBER.fullmatch(number):
        raise Refused(_("Numbers such as T-00042 are given here. Put a letter before them."))
    if Ticket.objects.filter(number=number).exists():
        raise Refused(_("A ticket has this number already."))
    return number


def _keep_words(complaint: Complaint, moments: Sequence[datetime]) -> None:
    """What the file tells of its way: received, answered by the customer, completed."""
    ticket = complaint.ticket
    TicketEntry.objects.create(
        ticket=ticket,
        sort=TicketEntry.Sort.RECEIVED,
        at=complaint.opened_at,
        text=complaint.wanted or ticket.subject,
        channel=ticket.channel,
        key=f"complaint:{ticket.number}",
    )
    steps = (
        (Step.RECORD, complaint.wanted),
        (Step.FEED_BACK, ""),
        (Step.SUMMARISE, complaint.summary),
    )
    for (step, words), at in zip(steps, moments, strict=True):
        complaint.steps.create(step=step, at=at, note=words[:1000])


def _give(complaint: Complaint, on: date, actor: Actor, *, books: bool) -> None:
    customer = complaint.customer
    assert customer is not None  # a file always names one
    given = Compensation(
        complaint=complaint,
        customer=customer,
        sort=Compensation.Sort.MONEY,
        amount=complaint.compensated,
        state=Compensation.State.DONE,
        done_on=on,
        created_by_id=actor.pk,
        **customer.place,
    )
    given.save()
    if books:
        given.cost = book(given, given.amount, on, "")
        given.save(update_fields=["cost"])
