"""What the page of a ticket says of its letters, and of the links by which its customer follows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kezhi.core.actor import Actor
from kezhi.messaging.models import Incoming, Outgoing
from kezhi.service.intake.linking import links_of
from kezhi.service.intake.receiving import known_sender
from kezhi.service.models import Ticket
from kezhi.service.tickets import hooks

MOST_LETTERS = 30


def register() -> None:
    hooks.PANELS.append(hooks.Part("letters", "intake/_letters.html", letters_of, 60))


def letters_of(ticket: Ticket, actor: Actor, at: datetime) -> Mapping[str, Any] | None:
    """The letters of both ways, the newest first, and who holds a link; None where there are none."""
    about = {"about_kind": "ticket", "about_id": ticket.pk}
    came = Incoming.objects.filter(**about).defer("html", "text", "references")
    went = Outgoing.objects.filter(**about).defer("html", "text")
    letters = [
        *(("in", row.received_at, row) for row in came.order_by("-pk")[:MOST_LETTERS]),
        *(("out", row.created_at, row) for row in went.order_by("-pk")[:MOST_LETTERS]),
    ]
    links = links_of(ticket)
    if not letters and not links:
        return None
    return {
        "letters": sorted(letters, key=lambda each: each[1], reverse=True),
        "links": links,
        "living": [link for link in links if link.revoked_at is None and link.expires_at > at],
        "sees_addresses": actor.sees("contact", "reach"),
        "may_read_mail": actor.may("read", "mail"),
        "fits": _fits(ticket, actor),
    }


def _fits(ticket: Ticket, actor: Actor) -> Any:
    """Whose address the sender's seems to be, while nobody has said so."""
    if ticket.customer_id is not None or not ticket.requester_email:
        return None
    customer, _contact = known_sender(ticket.requester_email)
    if customer is None:
        return None
    return type(customer).objects.visible_to(actor).filter(pk=customer.pk).first()
