"""What a contact does with their tickets in the portal: ask, answer, say whether it is solved, rate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.audit.recording import audited, note
from kezhi.core.claiming import claim
from kezhi.core.refusal import Refused
from kezhi.service.models import Ticket, TicketEntry, TicketFile, TicketRating
from kezhi.service.portal.actors import PortalActor, clerk
from kezhi.service.portal.matters import orders_of, tickets_of
from kezhi.service.tickets import changing, hooks
from kezhi.service.tickets.answering import receive
from kezhi.service.tickets.enclosing import enclose
from kezhi.service.tickets.happening import Happening, declare, happened
from kezhi.service.tickets.opening import open_ticket, opened_by
from kezhi.workbench.attaching import attach

TYPES = (Ticket.Type.INQUIRY, Ticket.Type.FAULT, Ticket.Type.COMPLAINT, Ticket.Type.NEED)
DAY = timedelta(days=1)
MOST_A_DAY = 30  # tickets of one account
MOST_WORDS_A_DAY = 100
MOST_FILES = 5
LONGEST_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    chunks: Iterable[bytes]


@audited("portal.ticket_opened")
def ask(
    entries: Mapping[str, Any],
    *,
    actor: PortalActor,
    at: datetime,
    key: str,
    files: Sequence[Upload] = (),
) -> Ticket:
    """A new matter: `type`, `subject`, `text`, `order` (an order of theirs). The same `key` asks once."""
    if entries.get("type") not in TYPES:
        raise Refused(_("Choose what it is: a question, a fault, a complaint or a wish."))
    if (known := opened_by(_key(actor, key))) is not None:
        return known
    text = str(entries.get("text", "")).strip()
    if not text:
        raise Refused(_("Write what it is about, so that we can help at once."))
    _demand_room(actor, at, is_new=True)
    order = entries.get("order")
    if order is not None and not orders_of(actor).filter(pk=order.pk).exists():
        raise Refused(_("Choose one of your orders."))
    ticket = open_ticket(
        {
            "type": entries["type"],
            "channel": Ticket.Channel.PORTAL,
            "subject": str(entries.get("subject", "")).strip()[:300] or text[:60],
            "language": actor.account.language,
            "customer": actor.customer,
            "contact": actor.contact,
            "order": order,
        },
        actor=clerk(actor),
        at=at,
        text=text[:LONGEST_TEXT],
        key=_key(actor, key),
    )
    _keep(TicketEntry.objects.get(key=_key(actor, key)), files, actor, at)
    return ticket


@audited("portal.ticket_written")
def write(
    ticket: Ticket,
    text: str,
    *,
    actor: PortalActor,
    at: datetime,
    key: str,
    files: Sequence[Upload] = (),
) -> TicketEntry:
    """Words on a matter of theirs, or files alone; a solved one opens again. The same `key` writes once."""
    ticket = _theirs(ticket, actor)
    if (known := TicketEntry.objects.filter(key=_key(actor, key)).first()) is not None:
        return known
    text = text.strip() or (_("(a file)") if files else "")
    if not text:
        raise Refused(_("Write your answer before you send it."))
    _demand_room(actor, at)
    entry = receive(
        ticket,
        text[:LONGEST_TEXT],
        actor=clerk(actor),
        at=at,
        contact=actor.contact,
        channel=Ticket.Channel.PORTAL,
        key=_key(actor, key),
    )
    _keep(entry, files, actor, at)
    return entry


@audited("portal.ticket_solved")
def say_solved(ticket: Ticket, *, actor: PortalActor, at: datetime) -> Ticket:
    """The customer is content. What the company still has to do keeps the ticket open; their word is kept."""
    ticket = claim(_theirs(ticket, actor), actor=clerk(actor), action="edit")
    if not ticket.is_open:
        raise Refused(_("This matter is settled already."))
    happened(ticket, "customer_solved", actor=clerk(actor), at=at)
    if hooks.closing_obstacles(ticket):
        note(stays_open=True)
        return ticket
    return changing.move(ticket, Ticket.State.SOLVED, actor=clerk(actor), at=at, is_told=False)


@audited("portal.ticket_rated")
def rate(
    ticket: Ticket, score: int, *, actor: PortalActor, at: datetime, remark: str = ""
) -> TicketRating:
    """1 to 5 for how a settled matter was dealt with; said again, the last word counts."""
    ticket = _theirs(ticket, actor)
    if ticket.is_open:
        raise Refused(_("Rate the matter when it is solved."))
    if not 1 <= score <= 5:
        raise Refused(_("Choose how it was, from very good to bad."))
    remark = remark.strip()[:500]
    rating, _is_new = TicketRating.objects.update_or_create(
        ticket=ticket,
        defaults={"account": actor.account, "score": score, "remark": remark, "at": at},
    )
    happened(ticket, "customer_rated", actor=clerk(actor), at=at, score=score, remark=remark)
    note(score=score)
    return rating


def _theirs(ticket: Ticket, actor: PortalActor) -> Ticket:
    found = tickets_of(actor).filter(pk=ticket.pk).first()
    if found is None:
        raise Refused(_("This matter isn’t there any more."))
    return found


def _key(actor: PortalActor, key: str) -> str:
    return f"portal:{actor.account.pk}:{key}"[:120]


def _demand_room(actor: PortalActor, at: datetime, *, is_new: bool = False) -> None:
    """Nobody floods the people who answer; who writes that much had better call."""
    mine = TicketEntry.objects.filter(
        ticket__customer_id=actor.account.customer_id,
        contact=actor.contact,
        sort=TicketEntry.Sort.RECEIVED,
        channel=Ticket.Channel.PORTAL,
        at__gt=at - DAY,
    )
    opened = Ticket.objects.filter(
        customer_id=actor.account.customer_id,
        contact=actor.contact,
        channel=Ticket.Channel.PORTAL,
        opened_at__gt=at - DAY,
    )
    is_full = mine[:MOST_WORDS_A_DAY].count() >= MOST_WORDS_A_DAY or (
        is_new and opened[:MOST_A_DAY].count() >= MOST_A_DAY
    )
    if is_full:
        raise Refused(_("You have written a great deal today. Please go on tomorrow, or call us."))


def _keep(entry: TicketEntry, files: Sequence[Upload], actor: PortalActor, at: datetime) -> None:
    """The files stand with the words that they came with."""
    if len(files) > MOST_FILES:
        raise Refused(_("At most %(most)d files at a time.") % {"most": MOST_FILES})
    ticket, came = entry.ticket, []
    for file in files:
        kept = attach(ticket, file.name, file.chunks, kind="ticket", actor=clerk(actor), at=at)
        TicketFile.objects.create(ticket=ticket, attachment=kept, account=actor.account)
        came.append(kept.pk)
    enclose(entry, came)


def register() -> None:
    """What the portal puts between the words of a ticket."""
    declare(
        "customer_solved", Happening(gettext_lazy("The customer says that it is solved"), "check")
    )
    declare(
        "customer_rated",
        Happening(gettext_lazy("The customer rated it %(score)s of 5. %(remark)s"), "star"),
    )
    declare(
        "customer_file", Happening(gettext_lazy("The customer added a file: %(name)s"), "inbox")
    )
