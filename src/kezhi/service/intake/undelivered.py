"""Letters of a ticket that didn't arrive: seen on the ticket, and no longer waited for."""

from __future__ import annotations

from datetime import datetime

from kezhi.audit.recording import audited, note
from kezhi.core.actor import SYSTEM, Actor
from kezhi.messaging.models import Outgoing
from kezhi.messaging.noticing import notify
from kezhi.service.models import Ticket
from kezhi.service.tickets import changing
from kezhi.service.tickets.happening import happened

FAILED = (Outgoing.State.FAILED, Outgoing.State.UNCERTAIN)


def hear_settled(outgoing: Outgoing, at: datetime) -> None:
    """Told of every letter that is settled."""
    if outgoing.about_kind == "ticket" and outgoing.state in FAILED:
        _hear(outgoing, at)


def hear_bounced(outgoing: Outgoing, at: datetime) -> None:
    """Told of every letter of ours that came back."""
    if outgoing.about_kind == "ticket":
        _hear(outgoing, at)


def _hear(outgoing: Outgoing, at: datetime) -> None:
    ticket = Ticket.objects.filter(pk=outgoing.about_id or 0).first()
    if ticket is not None:
        note_undelivered(ticket, outgoing, actor=SYSTEM, at=at)


@audited("ticket.undelivered")
def note_undelivered(ticket: Ticket, outgoing: Outgoing, *, actor: Actor, at: datetime) -> None:
    """Whoever works on it is told; a ticket that waited for the customer's answer doesn't wait any more."""
    ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket.pk)
    event = "uncertain" if outgoing.state == Outgoing.State.UNCERTAIN else "undelivered"
    made = happened(
        ticket,
        event,
        actor=actor,
        at=at,
        key=f"{event}:{outgoing.pk}",
        to=", ".join(outgoing.to[:3]),
        why=outgoing.said,
    )
    note(letter=outgoing.pk)
    if made is None or outgoing.is_automatic:
        return
    if ticket.state == Ticket.State.WAITING and event == "undelivered":
        changing.move(ticket, Ticket.State.OPEN, actor=actor, at=at, is_told=False)
    if ticket.assignee_id not in (None, outgoing.owner_id):  # who wrote it is told anyway
        words = {"who": ", ".join(outgoing.to[:3]), "what": str(ticket)}
        notify([ticket.assignee_id], "mail.failed", at=at, by=actor, about=ticket, words=words)
