"""Answers leave by the mailbox that the ticket came to, in the thread of the customer's own words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.refusal import Refused
from kezhi.messaging import outbox
from kezhi.messaging.models import Incoming, MailAccount, Outgoing, Sender
from kezhi.messaging.reading import new_words
from kezhi.service.intake.desks import desk_of, sending_desk
from kezhi.service.intake.linking import full_path_of, link_for
from kezhi.service.intake.threading import is_doubtful
from kezhi.service.models import Ticket, TicketEntry
from kezhi.service.tickets.hooks import Reply

QUOTED_LINES = 40
QUOTED_SIGNS = 3000


def send_reply(
    ticket: Ticket, entry: TicketEntry, reply: Reply, actor: Actor, at: datetime
) -> bool:
    """The words of the entry as a letter; False where nobody has an address or no mailbox sends."""
    last = _last_letter(ticket)
    to = [address.strip().lower() for address in reply.to] or _addresses(ticket, last)
    account = _account_of(ticket, last)
    if not to or account is None:
        return False
    cc = [address.strip().lower() for address in reply.cc]
    _demand_addresses([*to, *cc])
    language = ticket.language or "zh-hans"
    with translation.override(language):
        outgoing = outbox.send(
            to=to,
            cc=cc,
            subject=_subject(ticket),
            text=_written(ticket, entry, reply, last, [*to, *cc], at),
            purpose=Outgoing.Purpose.LETTER,
            account=account,
            about=ticket,
            customer_id=ticket.customer_id,
            files=reply.files,
            key=f"ticket_entry:{entry.pk}",
            is_automatic=bool(entry.words.get("is_automatic")),
            language=language,
            actor=reply.author or actor or SYSTEM,
            at=at,
            **_thread(ticket, last),
        )
    if outgoing is not None:
        entry.outgoing_id, entry.channel = outgoing.pk, Ticket.Channel.EMAIL
    return outgoing is not None


def reached_by(ticket: Ticket, actor: Actor) -> str:
    """To whom an answer goes and from where, in words; empty where none would leave."""
    last = _last_letter(ticket)
    to, account = _addresses(ticket, last), _account_of(ticket, last)
    if not to or account is None:
        return ""
    return _("by mail to %(to)s, from %(mailbox)s") % {
        "to": ", ".join(to),
        "mailbox": account.address,
    }


def _last_letter(ticket: Ticket) -> Incoming | None:
    """The customer's newest letter on this ticket, written by a person whose address isn't doubtful."""
    rows = Incoming.objects.select_related("account").filter(
        about_kind="ticket", about_id=ticket.pk, nature=Incoming.Nature.LETTER
    )
    # Not to Reply-To: nobody proves that it is theirs.
    return next((row for row in rows.order_by("-pk")[:20] if not is_doubtful(row)), None)


def _addresses(ticket: Ticket, last: Incoming | None) -> list[str]:
    """Whoever wrote last; else the contact, or who asked."""
    if last is not None:
        return [last.from_address]
    if ticket.contact is not None and ticket.contact.email:
        return [ticket.contact.email.lower()]
    return [ticket.requester_email.lower()] if ticket.requester_email else []


def _account_of(ticket: Ticket, last: Incoming | None) -> MailAccount | None:
    """The mailbox that the customer wrote to, while it serves and sends; else that of the department."""
    if last is not None:
        desk = desk_of(last.account_id)
        if desk is not None and desk.account.is_active and desk.account.sends:
            return desk.account
    other = sending_desk(ticket.handling_department_id)
    return other.account if other is not None else None


def _demand_addresses(addresses: list[str]) -> None:
    for address in addresses:
        try:
            validate_email(address)
        except ValidationError as error:
            raise Refused(
                _("“%(address)s” is no e-mail address.") % {"address": address}
            ) from error


def _subject(ticket: Ticket) -> str:
    subject = ticket.subject
    while subject.lower().startswith(("re:", "回复:", "回复：", "答复:", "答复：", "fwd:", "fw:")):
        subject = subject.replace("：", ":", 1).partition(":")[2].strip()
    subject = subject.replace(f"[{ticket.number}]", "").strip()
    return f"Re: {subject} [{ticket.number}]"


def _thread(ticket: Ticket, last: Incoming | None) -> dict[str, Any]:
    """The headers by which mail programs know what the letter answers."""
    if last is not None and last.message_id:
        return {"in_reply_to": last.message_id, "references": tuple(last.references)}
    ours = Outgoing.objects.filter(about_kind="ticket", about_id=ticket.pk).order_by("-pk").first()
    if ours is None:
        return {}
    return {"in_reply_to": ours.message_id, "references": tuple(ours.references)}


def _written(
    ticket: Ticket,
    entry: TicketEntry,
    reply: Reply,
    last: Incoming | None,
    addresses: list[str],
    at: datetime,
) -> str:
    parts = [entry.text]
    if signature := _signature(reply):
        parts.append(f"-- \n{signature}")
    # Only where one alone reads the letter: the link is theirs.
    if len(addresses) == 1:
        link = full_path_of(link_for(ticket, addresses[0], at))
        parts.append(
            _("How it stands with %(number)s: %(link)s") % {"number": ticket.number, "link": link}
        )
    if last is not None and (quoted := _quoted(last)):
        parts.append(quoted)
    return "\n\n".join(parts) + "\n"


def _signature(reply: Reply) -> str:
    if reply.author is None:
        return ""
    kept = Sender.objects.filter(person=reply.author).values_list("signature", flat=True).first()
    return (kept or "").strip()


def _quoted(last: Incoming) -> str:
    """Only what they wrote anew, under a line that mail programs know: the rest they have themselves."""
    lines = new_words(last.text)[:QUOTED_SIGNS].split("\n")[:QUOTED_LINES]
    if not any(line.strip() for line in lines):
        return ""
    head = _("On %(when)s, %(who)s wrote:") % {
        "when": timezone.localtime(last.received_at).strftime("%Y-%m-%d %H:%M"),
        "who": (last.from_name or last.from_address)[:60],
    }
    return "\n".join([head, *(f"> {line}".rstrip() for line in lines)])
