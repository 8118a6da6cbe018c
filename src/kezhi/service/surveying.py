"""What service and the ledger tell surveys: after which events they may be sent, and which cases they open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from kezhi.accounts.models import User
from kezhi.core.actor import SYSTEM, Actor
from kezhi.customers.reaching import home_zone
from kezhi.ledger.models import Order
from kezhi.satisfaction import cases, comparing, sending
from kezhi.satisfaction.cases import CaseType
from kezhi.satisfaction.happenings import days_of
from kezhi.satisfaction.models import SurveyResponse
from kezhi.satisfaction.sending import Event, Happening
from kezhi.service.models import Complaint, Ticket
from kezhi.service.tickets import hooks
from kezhi.service.tickets.opening import open_ticket

SOLVED, COMPLAINT_CLOSED = "ticket.solved", "complaint.closed"
OVER = frozenset({Ticket.State.SOLVED, Ticket.State.CLOSED})
ASKED_TYPES = (Ticket.Type.INQUIRY, Ticket.Type.FAULT, Ticket.Type.NEED)
CASES = (Ticket.Type.COMPLAINT, Ticket.Type.FAULT, Ticket.Type.INQUIRY)


def on_state(ticket: Ticket, actor: Actor, at: datetime, before: str) -> None:
    """A ticket that was solved may be asked about; a complaint only once it is closed, which ends its steps."""
    if ticket.customer_id is None:
        return
    if ticket.type == Ticket.Type.COMPLAINT:
        if ticket.state == Ticket.State.CLOSED:
            sending.happened(COMPLAINT_CLOSED, _happening(ticket), at)
    elif ticket.state in OVER and before not in OVER and ticket.type in ASKED_TYPES:
        sending.happened(SOLVED, _happening(ticket), at)


def state_taken_back(
    ticket: Ticket, at: datetime, before: str, settled_at: datetime | None
) -> None:
    """Who was asked too early isn't asked."""
    if ticket.state not in OVER:
        sending.taken_back(SOLVED, f"ticket:{ticket.pk}")
    if before == Ticket.State.CLOSED:
        sending.taken_back(COMPLAINT_CLOSED, f"ticket:{ticket.pk}")


def _happening(ticket: Ticket) -> Happening:
    assert ticket.customer_id is not None
    return Happening(
        f"ticket:{ticket.pk}",
        ticket.customer_id,
        ticket.contact_id,
        "ticket",
        ticket.pk,
        ticket.assignee_id,
        ticket.handling_department_id,
        ticket.type,
    )


def _orders(column: str, since: datetime, until: datetime) -> Iterator[Happening]:
    days = {f"{column}__range": days_of(since, until)}
    rows = Order.objects.filter(**days).order_by(column, "pk")
    for row in rows.iterator(chunk_size=500):
        yield Happening(
            f"{column}:{row.pk}",
            row.customer_id,
            None,
            "order",
            row.pk,
            row.owner_id,
            row.department_id,
        )


def _delivered(since: datetime, until: datetime) -> Iterator[Happening]:
    return _orders("delivered_on", since, until)


def _paid(since: datetime, until: datetime) -> Iterator[Happening]:
    return _orders("paid_on", since, until)


def _opens(ticket_type: Ticket.Type) -> cases.Open:
    def open_case(
        response: SurveyResponse, owner: User | None, subject: str, text: str, at: datetime
    ) -> models.Model:
        fields: dict[str, Any] = {
            "type": ticket_type,
            "channel": Ticket.Channel.RULE,
            "subject": subject,
            "customer": response.customer,
            "contact": response.contact,
            "language": response.language,
        }
        if owner is not None:
            fields["assignee"] = owner
        key = f"survey:{response.pk}"
        return open_ticket(fields, actor=SYSTEM, at=at, text=text, key=key)

    return open_case


def count_complaints(cause: str, first: date, last: date) -> int:
    """Complaints of a cause, by its name in either language, that came in from the first day to the last."""
    zone = home_zone()
    begins = datetime.combine(first, time(), zone)
    ends = datetime.combine(last + timedelta(days=1), time(), zone)
    rows = Complaint.objects.filter(opened_at__gte=begins, opened_at__lt=ends)
    named = models.Q(cause__name__iexact=cause) | models.Q(cause__name_en__iexact=cause)
    return int(rows.filter(named).count())


def register() -> None:
    hooks.ON_STATE.append(on_state)
    hooks.ON_STATE_BACK.append(state_taken_back)
    comparing.count_complaints.append(count_complaints)
    types = [(each.value, each.label) for each in ASKED_TYPES]
    sending.register(Event(SOLVED, _("A ticket was solved"), types))
    sending.register(Event(COMPLAINT_CLOSED, _("A complaint was closed")))
    sending.register(Event("order.delivered", _("An order was delivered"), (), _delivered))
    sending.register(Event("order.paid", _("An order was paid"), (), _paid))
    for each in CASES:
        cases.register(CaseType(each.value, each.label, _opens(each)))
