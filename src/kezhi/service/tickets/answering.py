"""Words to the customer and from the customer, on their ticket."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import Refused
from kezhi.customers.models import Contact
from kezhi.messaging import merging
from kezhi.messaging.noticing import notify
from kezhi.service.models import Ticket, TicketEntry
from kezhi.service.tickets import changing, hooks
from kezhi.service.tickets.happening import happened
from kezhi.service.tickets.opening import LONGEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kezhi.messaging.outbox import File

State, Sort = Ticket.State, TicketEntry.Sort
MOST_MINUTES = 24 * 60
# By telephone or across the counter nothing is carried: the entry says that it was said.
SPOKEN = (Ticket.Channel.PHONE, Ticket.Channel.COLLEAGUE)


@audited("ticket.answered")
def answer(
    ticket: Ticket,
    text: str,
    *,
    actor: Actor,
    at: datetime,
    state: str = "",
    channel: str = "",
    minutes: int = 0,
    to: Sequence[str] = (),
    cc: Sequence[str] = (),
    files: Sequence[File] = (),
    key: str | None = None,
    is_automatic: bool = False,
) -> TicketEntry:
    """Words to the customer. They leave by the way the ticket came where a sender knows one; with the channel
    “phone” they were said.

    `state` is what the ticket is afterwards; without one, a ticket that was new is in progress. What the
    machine says by itself (`is_automatic`) is no answer: no clock stops for it.
    """
    ticket = claim(ticket, actor=actor, action="edit")
    if key is not None and (known := TicketEntry.objects.filter(key=key).first()) is not None:
        return known
    _demand_words(ticket, text)
    entry = TicketEntry(
        ticket=ticket,
        sort=Sort.SENT,
        at=at,
        author=person(actor),
        contact=ticket.contact,
        text=text.strip()[:LONGEST],
        channel=channel or ticket.channel,
        minutes=minutes_of(minutes),
        key=key,
        words={"is_automatic": True} if is_automatic else {},
    )
    if entry.channel not in Ticket.Channel.values:
        raise Refused(_("Choose how the customer is told."))
    entry.save()
    if entry.channel not in SPOKEN:
        reply = hooks.Reply(tuple(to), tuple(cc), tuple(files), person(actor))
        if any(send(ticket, entry, reply, actor, at) for send in hooks.SENDERS):
            entry.save()
    if not is_automatic:
        ticket.answered_at = at
        ticket.first_answered_at = ticket.first_answered_at or at
        ticket.snoozed_until = None
        ticket.version += 1
        ticket.save()
        for hear in hooks.ON_ANSWERED:
            hear(ticket, entry, actor, at)
        wanted = state or (State.OPEN if ticket.state == State.NEW else "")
        if wanted and wanted != ticket.state:
            changing.move(ticket, wanted, actor=actor, at=at)
    note(entry=entry.pk, channel=entry.channel)
    return entry


@audited("ticket.received")
def receive(
    ticket: Ticket,
    text: str,
    *,
    actor: Actor,
    at: datetime,
    contact: Contact | None = None,
    sender: str = "",
    channel: str = Ticket.Channel.EMAIL,
    incoming_id: int | None = None,
    key: str | None = None,
    minutes: int = 0,
) -> TicketEntry:
    """Words from the customer on a ticket that is there: it wakes, and opens again if it was solved.

    On a ticket that was merged they go to the one that goes on. With `key`, what comes twice is kept once.
    """
    ticket = claim(_going_on(ticket), actor=actor, action="edit")
    if key is not None and (known := TicketEntry.objects.filter(key=key).first()) is not None:
        return known
    if not text.strip():
        raise Refused(_("Write what the customer said."))
    if contact is not None and contact.customer_id != ticket.customer_id:
        raise Refused(_("Choose a contact of this customer."))
    entry = TicketEntry.objects.create(
        ticket=ticket,
        sort=Sort.RECEIVED,
        at=at,
        author=person(actor),
        contact=contact or (None if sender else ticket.contact),
        sender=sender[:254],
        text=text.strip()[:LONGEST],
        channel=channel,
        incoming_id=incoming_id,
        minutes=minutes_of(minutes),
        key=key,
    )
    was_settled = not ticket.is_open
    ticket.customer_wrote_at = at
    ticket.snoozed_until = None
    ticket.version += 1
    ticket.save()
    if was_settled or ticket.state == State.WAITING:
        if was_settled:
            ticket.reopened_count += 1
            happened(ticket, "reopened", actor=actor, at=at)
        changing.move(ticket, State.OPEN, actor=actor, at=at, is_told=False)
    for hear in hooks.ON_RECEIVED:
        hear(ticket, entry, actor, at)
    notify(
        [ticket.assignee_id],
        "ticket.received",
        at=at,
        by=actor,
        about=ticket,
        words={"what": str(ticket)},
    )
    note(entry=entry.pk, channel=channel)
    return entry


def minutes_of(minutes: int) -> int:
    """The time that an entry took; refused where nobody can have taken it."""
    if not 0 <= minutes <= MOST_MINUTES:
        raise Refused(_("Minutes are a number from 0 to %(most)s.") % {"most": MOST_MINUTES})
    return minutes


def _going_on(ticket: Ticket) -> Ticket:
    seen = set()
    while ticket.merged_into_id is not None and ticket.pk not in seen:
        seen.add(ticket.pk)
        ticket = Ticket.objects.get(pk=ticket.merged_into_id)
    return ticket


def _demand_words(ticket: Ticket, text: str) -> None:
    if ticket.state in (State.MERGED, State.SPAM):
        raise Refused(_("This ticket doesn’t go on. Answer on the one it was merged into."))
    if not text.strip():
        raise Refused(_("Write the answer before you send it."))
    gaps = merging.GAP.findall(text)
    if gaps:
        names = ", ".join("{{" + name + "}}" for name in dict.fromkeys(gaps))
        raise Refused(_("These gaps aren’t filled: %(names)s.") % {"names": names})
