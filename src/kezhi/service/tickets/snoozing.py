"""Tickets that rest until a moment: out of the queue, and back by themselves or when the customer writes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.audit.recording import audited, note
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import Refused
from kezhi.messaging.noticing import notify
from kezhi.service.models import Ticket
from kezhi.service.tickets import hooks
from kezhi.service.tickets.happening import Happening, declare, happened

LONGEST = timedelta(days=366)
AT_ONCE = 500

declare(
    "snoozed",
    Happening(gettext_lazy("%(who)s let it rest until %(until)s"), "clock", moments=("until",)),
)
declare("woke", Happening(gettext_lazy("It is back in the queue"), "clock"))


@audited("ticket.snoozed")
def snooze_ticket(
    ticket: Ticket, until: datetime, *, actor: Actor, at: datetime, is_wished: bool = False
) -> Ticket:
    """Out of the queue until that moment, or until the customer writes. Its clocks go on, unless the customer
    wished it."""
    ticket = claim(ticket, actor=actor, action="edit")
    if not ticket.is_open:
        raise Refused(_("Only an open ticket can rest."))
    if not at < until <= at + LONGEST:
        raise Refused(_("Choose a moment after now, within a year."))
    ticket.snoozed_until = until
    ticket.version += 1
    ticket.save()
    happened(ticket, "snoozed", actor=actor, at=at, until=until.isoformat(timespec="minutes"))
    note(until=until.isoformat(), is_wished=is_wished)
    for hear in hooks.ON_SNOOZED:
        hear(ticket, actor, at, is_wished)
    return ticket


@audited("ticket.woken")
def wake_ticket(ticket: Ticket, *, actor: Actor, at: datetime) -> Ticket:
    """Back in the queue; doing so twice changes nothing."""
    ticket = claim(ticket, actor=actor, action="edit")
    if ticket.snoozed_until is None:
        return ticket
    ticket.snoozed_until = None
    ticket.version += 1
    ticket.save()
    happened(ticket, "woke", actor=actor, at=at)
    for hear in hooks.ON_SNOOZED:
        hear(ticket, actor, at, False)
    words = {"what": str(ticket)}
    notify([ticket.assignee_id], "ticket.woke", at=at, by=actor, about=ticket, words=words)
    return ticket


def wake_due(at: datetime) -> int:
    """Whatever has rested long enough, a batch at a time; how many woke."""
    due = Ticket.objects.open().filter(snoozed_until__lte=at).order_by("snoozed_until", "pk")
    rows = list(due[:AT_ONCE])
    for ticket in rows:
        wake_ticket(ticket, actor=SYSTEM, at=at)
    return len(rows)
