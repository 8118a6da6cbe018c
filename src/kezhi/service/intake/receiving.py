"""A letter to a service mailbox becomes a ticket, or goes on with the one whose thread it belongs to.

In the transaction that keeps the letter: it is there with its ticket, or not at all and fetched again. What
nobody could take in stands on a page and is tried again by `sweeping`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.refusal import Refused
from kezhi.customers.models import Contact, Customer
from kezhi.messaging import filing
from kezhi.messaging.models import Incoming, Outgoing
from kezhi.messaging.reading import bounced_ids, files_of, new_words
from kezhi.service.intake.confirming import confirm
from kezhi.service.intake.desks import desk_of
from kezhi.service.intake.ruling import judged
from kezhi.service.intake.speaking import language_of
from kezhi.service.intake.threading import is_doubtful, thread_of
from kezhi.service.models import IntakeSettings, ServiceMailbox, Ticket, TicketEntry
from kezhi.service.tickets import answering, changing, opening
from kezhi.service.tickets.happening import happened
from kezhi.workbench.attaching import StoreFull, attach

Nature, Channel, State = Incoming.Nature, Ticket.Channel, Ticket.State
LONGEST_SUBJECT = 300
MOST_FILES = 20
# Of senders whom nobody knows: it has its number and can be found, and waits in no queue.
UNWANTED = (Nature.LIST, Nature.BOUNCE)


def take_at_desk(incoming: Incoming, raw: bytes, at: datetime) -> bool:
    """Asked by `filing` of each letter that came: whether it is one of ours, and settled by that."""
    desk = desk_of(incoming.account_id)
    if desk is None or incoming.received_at < desk.since or _tells_of_ours(incoming, raw):
        return False
    with transaction.atomic():
        take_letter(incoming, desk, raw, actor=SYSTEM, at=at)
    return True


@audited("ticket.letter_taken")
def take_letter(
    incoming: Incoming,
    desk: ServiceMailbox,
    raw: bytes,
    *,
    actor: Actor,
    at: datetime,
    is_bare: bool = False,
) -> Ticket:
    """The letter's ticket: the one that it goes on with, a follow-up of one long settled, or a new one.

    Taken again it changes nothing. `is_bare` asks nobody: for a letter that couldn't be taken in otherwise.
    """
    if (known := opening.opened_by(_key(incoming))) is not None:
        return _kept(incoming, known)
    joined = None if is_bare else thread_of(incoming)
    if joined is not None and incoming.nature != Nature.LETTER:
        return _kept(incoming, _noted(joined, incoming, actor, at))
    before = None
    if joined is not None:
        if _still_joins(joined, at):
            joined = _kept(incoming, _joined(joined, incoming, actor, at))
            _carry_files(joined, incoming, raw, at)
            return joined
        before = joined
    ticket = _opened(incoming, desk, before, actor, at, is_bare=is_bare)
    _kept(incoming, ticket)
    if not is_bare:
        _carry_files(ticket, incoming, raw, at)
    if _is_confirmed(incoming, desk, ticket) and not is_bare:
        confirm(
            ticket,
            incoming.from_address,
            actor=actor,
            at=at,
            account=desk.account if desk.account.sends else None,
            in_reply_to=incoming.message_id,
            references=tuple(incoming.references),
        )
    note(letter=incoming.pk)
    return ticket


def _tells_of_ours(incoming: Incoming, raw: bytes) -> bool:
    """A report on one of our letters: it stands with that one, and is no matter of its own."""
    if incoming.nature != Nature.BOUNCE:
        return False
    return bool(Outgoing.objects.filter(message_id__in=bounced_ids(raw)[:50]).exists())


def words_in(incoming: Incoming) -> str:
    """What the letter says anew; never nothing."""
    text = new_words(incoming.text).strip()
    return text or incoming.subject or _("(no text)")


def moment_of(incoming: Incoming, ticket: Ticket | None, at: datetime) -> datetime:
    """When the customer's words count as said: when the letter lay in the mailbox.

    What lay there while the ticket went on without it counts from now, or the answer to what came before would
    pass for the answer to it.
    """
    if ticket is None:
        return incoming.received_at
    moments = (ticket.opened_at, ticket.answered_at, ticket.solved_at, ticket.customer_wrote_at)
    last = max(moment for moment in moments if moment is not None)
    return incoming.received_at if incoming.received_at > last else max(at, last)


def _key(incoming: Incoming) -> str:
    return f"letter:{incoming.pk}"


def _still_joins(ticket: Ticket, at: datetime) -> bool:
    """A settled ticket opens again within some days; later the answer is a matter of its own."""
    if ticket.is_open or ticket.solved_at is None:
        return True
    return at - ticket.solved_at <= timedelta(days=IntakeSettings.current().reopen_days)


def _joined(ticket: Ticket, incoming: Incoming, actor: Actor, at: datetime) -> Ticket:
    entry = answering.receive(
        ticket,
        words_in(incoming),
        actor=actor,
        at=moment_of(incoming, ticket, at),
        contact=_contact_of(ticket, incoming),
        sender=incoming.from_name or incoming.from_address,
        channel=Channel.EMAIL,
        incoming_id=incoming.pk,
        key=_key(incoming),
    )
    return entry.ticket


def _noted(ticket: Ticket, incoming: Incoming, actor: Actor, at: datetime) -> Ticket:
    """What a machine answered on its own: seen on the ticket, but nobody's word, and no clock heeds it."""
    entry = happened(
        ticket,
        "automatic_letter",
        actor=actor,
        at=at,
        key=_key(incoming),
        sender=incoming.from_address,
        what=incoming.subject,
    )
    if entry is not None:
        entry.incoming_id = incoming.pk
        entry.save(update_fields=["incoming_id"])
    return ticket


def _opened(
    incoming: Incoming,
    desk: ServiceMailbox,
    before: Ticket | None,
    actor: Actor,
    at: datetime,
    *,
    is_bare: bool,
) -> Ticket:
    said = words_in(incoming)
    language = language_of(f"{incoming.subject}\n{said}", desk.language)
    fields: dict[str, Any] = {
        "subject": _subject(incoming, language)[:LONGEST_SUBJECT],
        "channel": Channel.EMAIL,
        "type": desk.type,
        "language": language,
        "requester_name": incoming.from_name[:200],
        "requester_email": incoming.from_address,
        "handling_department": desk.department or desk.account.department,
    }
    if not is_bare:
        fields |= told_by_rules(incoming.subject, said)
        fields |= _whose(incoming)
    if incoming.nature != Nature.LETTER:
        fields["priority"] = Ticket.Priority.LOW
    if before is not None and before.parent_id is None and _fits(before, fields):
        fields["parent"] = before
    ticket = opening.open_ticket(
        fields,
        actor=actor,
        at=moment_of(incoming, None, at),
        text=said,
        key=_key(incoming),
        sender=incoming.from_name or incoming.from_address,
        incoming_id=incoming.pk,
    )
    if before is not None:
        happened(ticket, "follow_up", actor=actor, at=at, number=before.number)
        happened(before, "followed_up", actor=actor, at=at, number=ticket.number)
    if is_doubtful(incoming):
        happened(ticket, "doubtful_sender", actor=actor, at=at)
    if incoming.nature in UNWANTED and ticket.customer_id is None:
        changing.set_state(ticket, State.SPAM, actor=actor, at=at)
    return ticket


def told_by_rules(subject: str, text: str) -> dict[str, Any]:
    """The fields that the company's rules say of these words."""
    judgement = judged(subject, text)
    told = {
        "type": judgement.type,
        "priority": judgement.priority,
        "handling_department": judgement.department,
    }
    return {name: word for name, word in told.items() if word}


def known_sender(address: str) -> tuple[Customer | None, Contact | None]:
    """The one customer whose address this is, with the contact; nobody where it is several's."""
    matches = filing.BOOK.matches(address) if address else []
    if len({match.customer_id for match in matches}) != 1:
        return None, None
    customer = Customer.objects.filter(pk=matches[0].customer_id).first()
    contact = Contact.objects.filter(pk=matches[0].contact_id or 0, customer=customer).first()
    return customer, contact


def _whose(incoming: Incoming) -> dict[str, Any]:
    """A sender who may be forged is nobody's."""
    if is_doubtful(incoming):
        return {}
    customer, contact = known_sender(incoming.from_address)
    return {"customer": customer, "contact": contact} if customer is not None else {}


def _fits(before: Ticket, fields: Mapping[str, Any]) -> bool:
    customer = fields.get("customer")
    return before.customer_id == (customer.pk if customer is not None else None)


def _contact_of(ticket: Ticket, incoming: Incoming) -> Contact | None:
    if ticket.customer_id is None:
        return None
    rows = Contact.objects.filter(
        customer_id=ticket.customer_id, email__iexact=incoming.from_address
    )
    found: Contact | None = rows.order_by("has_left", "pk").first()
    return found


def _carry_files(ticket: Ticket, incoming: Incoming, raw: bytes, at: datetime) -> None:
    """The letter's files hang on the ticket, with the entry that they came with."""
    numbers = [int(each["number"]) for each in incoming.files[:MOST_FILES] if each["size"]]
    if not numbers:
        return
    kept = []
    for part, content in files_of(raw, numbers):
        try:
            with transaction.atomic():
                made = attach(ticket, part.name, [content], kind="ticket", actor=SYSTEM, at=at)
        except StoreFull:
            raise
        except Refused:  # one too many: it stays in the letter
            continue
        kept.append(made.pk)
    entry = TicketEntry.objects.get(key=_key(incoming))
    entry.words = {**entry.words, "files": kept}
    entry.save(update_fields=["words"])


def _subject(incoming: Incoming, language: str) -> str:
    if incoming.subject:
        return incoming.subject
    with translation.override(language):
        return _("(no subject)")


def _is_confirmed(incoming: Incoming, desk: ServiceMailbox, ticket: Ticket) -> bool:
    return (
        desk.is_confirming
        and incoming.nature == Nature.LETTER
        and not is_doubtful(incoming)
        and ticket.state != State.SPAM
    )


def _kept(incoming: Incoming, ticket: Ticket) -> Ticket:
    """The letter knows its ticket."""
    incoming.state = Incoming.State.FILED
    incoming.about_kind, incoming.about_id = "ticket", ticket.pk
    incoming.customer_id = ticket.customer_id
    incoming.save()
    return ticket


def follow_customer(ticket: Ticket, actor: Actor, at: datetime, changed: frozenset[str]) -> None:
    """Whose ticket it is, theirs are its letters."""
    if "customer" in changed or "contact" in changed:
        letters = Incoming.objects.filter(about_kind="ticket", about_id=ticket.pk)
        letters.update(customer_id=ticket.customer_id)
