"""Which ticket a letter goes on with: named by the letter, and joined only by who took part in it.

Anybody can write a number into a subject, name a letter of others in a header, or put an address of others
beside their own. So the thread that is named counts for nothing unless the sender's own address wrote in it, or
was written to by us.
"""

from __future__ import annotations

import re

from kezhi.messaging.models import Incoming, Outgoing
from kezhi.service.models import Ticket

NUMBER = re.compile(r"\bT-\d{5,12}\b")
MOST_NAMED = 25
MOST_TICKETS = 10
MOST_LETTERS = 200
# What a letter that may be forged is marked with when it is read.
FORGED = {"unproven", "several_senders"}
UNJOINED = (Ticket.State.SPAM,)


def is_doubtful(incoming: Incoming) -> bool:
    """Whether the receiving server or the letter itself makes its sender doubtful."""
    return bool(FORGED & set(incoming.problems)) or not incoming.from_address


def thread_of(incoming: Incoming) -> Ticket | None:
    """The ticket that the letter names and whose sender took part in it."""
    if is_doubtful(incoming):
        return None
    for ticket in _named(incoming):
        going_on = last_of(ticket)
        if going_on.state in UNJOINED:
            continue
        if takes_part(ticket, incoming.from_address):
            return going_on
    return None


def takes_part(ticket: Ticket, address: str) -> bool:
    """Whether this address wrote in the ticket, or we wrote to it there."""
    address = address.lower()
    asked = {ticket.requester_email.lower()}
    if ticket.contact is not None:
        asked.add(ticket.contact.email.lower())
    if address in asked - {""}:
        return True
    wrote = Incoming.objects.filter(
        about_kind="ticket", about_id=ticket.pk, from_address=address, nature="letter"
    )
    if any(
        not FORGED & set(problems) for problems in wrote.values_list("problems", flat=True)[:20]
    ):
        return True
    sent = Outgoing.objects.filter(about_kind="ticket", about_id=ticket.pk)
    rows = sent.order_by("-pk").values_list("to", "cc")[:MOST_LETTERS]
    return any(address in {str(each).lower() for each in (*to, *cc)} for to, cc in rows)


def last_of(ticket: Ticket) -> Ticket:
    """The ticket that goes on where this one was merged."""
    seen = {ticket.pk}
    while ticket.merged_into_id is not None and ticket.merged_into_id not in seen:
        seen.add(ticket.merged_into_id)
        ticket = Ticket.objects.select_related("contact").get(pk=ticket.merged_into_id)
    return ticket


def _named(incoming: Incoming) -> list[Ticket]:
    """By the headers of threads, the newest letter first; then by the number in the subject."""
    letters = list(
        dict.fromkeys(
            each for each in (incoming.in_reply_to, *reversed(incoming.references)) if each
        )
    )[:MOST_NAMED]
    found: list[int] = []
    if letters:
        about = {"message_id__in": letters, "about_kind": "ticket"}
        for model in (Outgoing, Incoming):
            rows = model.objects.filter(**about).order_by("-pk").values_list("about_id", flat=True)
            found += [pk for pk in rows[:MOST_TICKETS] if pk is not None]
    tickets = Ticket.objects.select_related("contact")
    by_id = tickets.in_bulk(found)
    named = [by_id[pk] for pk in dict.fromkeys(found) if pk in by_id]
    numbers = NUMBER.findall(incoming.subject)[:3]
    if numbers:
        named += [
            row for row in tickets.filter(number__in=numbers) if row.pk not in {t.pk for t in named}
        ]
    return named
