"""Notes for colleagues on a ticket: the customer never sees them. Who is called by @ is told."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from kezhi.accounts.models import User, person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import Refused
from kezhi.customers.mentioning import beginning, called
from kezhi.messaging.noticing import notify
from kezhi.service.models import Ticket, TicketEntry
from kezhi.service.tickets.answering import minutes_of
from kezhi.service.tickets.opening import LONGEST


@audited("ticket.noted")
def note_on_ticket(
    ticket: Ticket,
    text: str,
    *,
    actor: Actor,
    at: datetime,
    minutes: int = 0,
    key: str | None = None,
) -> TicketEntry:
    """An internal note. It changes no state and stops no clock."""
    ticket = claim(ticket, actor=actor, action="edit")
    if key is not None and (known := TicketEntry.objects.filter(key=key).first()) is not None:
        return known
    if not text.strip():
        raise Refused(_("Write the note before you save it."))
    entry = TicketEntry.objects.create(
        ticket=ticket,
        sort=TicketEntry.Sort.NOTE,
        at=at,
        author=person(actor),
        text=text.strip()[:LONGEST],
        minutes=minutes_of(minutes),
        key=key,
    )
    told = notify(
        [each.pk for each in _called(entry, ticket)],
        "mention",
        at=at,
        by=entry.author or SYSTEM,
        about=ticket,
        words={"what": f"{ticket.number} {entry.text}"[:120]},
    )
    note(entry=entry.pk, called=len(told))
    return entry


def _called(entry: TicketEntry, ticket: Ticket) -> list[User]:
    """Those called who may see the ticket."""
    return [
        each
        for each in called(entry.text)
        if each.pk != entry.author_id
        and Ticket.objects.visible_to(each).filter(pk=ticket.pk).exists()
    ]


def to_call(ticket: Ticket, typed: str, besides: int) -> list[User]:
    """Colleagues who may see the ticket and whose name, pinyin or initials begin as typed."""
    return beginning(
        typed,
        besides,
        lambda each: Ticket.objects.visible_to(each).filter(pk=ticket.pk).exists(),
    )
