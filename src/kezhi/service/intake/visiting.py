"""Words of visitors who haven't signed in: by a public form, and on the page of their ticket.

What somebody types into a form proves nothing: the ticket is matched with a customer afterwards and for
colleagues' eyes, and what is answered goes to the address, not onto the screen of whoever typed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core import queue
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.refusal import Refused
from kezhi.messaging.outbox import one_line
from kezhi.service.intake.confirming import confirm
from kezhi.service.intake.desks import sending_desk
from kezhi.service.intake.linking import link_for
from kezhi.service.intake.receiving import known_sender, told_by_rules
from kezhi.service.intake.speaking import language_of
from kezhi.service.intake.threading import last_of
from kezhi.service.models import IntakeSettings, ServiceForm, Ticket, TicketEntry, TicketLink
from kezhi.service.tickets import answering, changing, opening
from kezhi.service.tickets.happening import happened
from kezhi.workbench.attaching import attach

State = Ticket.State
MOST_FILES = 5
LONGEST_TEXT = 20_000
LONGEST = {"name": 100, "email": 254, "phone": 40, "company": 120, "order": 60, "product": 120}
LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    chunks: Iterable[bytes]


class Faulty(Refused):
    """What the visitor has to correct, by field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


@audited("ticket.asked")
def ask(
    form: ServiceForm,
    entries: Mapping[str, str],
    *,
    actor: Actor,
    at: datetime,
    key: str,
    language: str,
    files: Sequence[Upload] = (),
) -> TicketLink:
    """A ticket of what a visitor typed, and the link to it for the screen. Sent twice, it is one ticket."""
    key = f"form:{key}"
    if (known := opening.opened_by(key)) is not None:
        return link_for(known, "", at)
    _demand(form, entries)
    _demand_files(files, form.takes_files)
    text = _text(form, entries)
    told = {name: entries.get(name, "").strip() for name in LONGEST}
    ticket = opening.open_ticket(
        {
            "type": entries["type"],
            "handling_department": form.department,
            **_ruled(entries),
            "subject": entries["subject"],
            "channel": Ticket.Channel.FORM,
            "language": language_of(f"{entries['subject']}\n{entries['text']}", language),
            "requester_name": one_line(told["name"]),
            "requester_email": told["email"].lower(),
            "requester_phone": one_line(told["phone"]),
        },
        actor=actor,
        at=at,
        text=text,
        key=key,
        sender=one_line(told["name"]) or told["email"],
    )
    link = link_for(ticket, "", at)
    entry = TicketEntry.objects.get(key=key)
    _mark(entry, link, _attached(ticket, files, at))
    if form.consent_zh or form.consent_en:
        consent = form.words("consent", language)
        happened(ticket, "consented", actor=actor, at=at, what=consent)
    note(form=form.slug)
    # For whoever is asked whether an address is known: this answer takes the same time either way.
    queue.defer("service.settle_visitor", ticket=ticket.pk)
    return link


@audited("ticket.visitor_settled")
def settle_visitor(ticket: Ticket, *, actor: Actor, at: datetime) -> Ticket:
    """After a form: whose address it may be, and the first word back to that address."""
    ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket.pk)
    if ticket.customer_id is None and ticket.contact_id is None:
        customer, contact = known_sender(ticket.requester_email)
        if customer is not None:
            changes = {"customer": customer, "contact": contact}
            ticket = changing.change_ticket(ticket, changes, actor=actor, at=at)
            happened(ticket, "typed_address", actor=actor, at=at)
    desk = sending_desk(ticket.handling_department_id)
    confirm(
        ticket,
        ticket.requester_email,
        actor=actor,
        at=at,
        account=desk.account if desk is not None else None,
    )
    return ticket


@audited("ticket.written_on")
def write_on(
    link: TicketLink,
    text: str,
    *,
    actor: Actor,
    at: datetime,
    key: str,
    files: Sequence[Upload] = (),
) -> Ticket:
    """The customer's words from the page of the ticket. On one long settled they are a new matter."""
    key = f"page:{key}"
    if (known := TicketEntry.objects.select_related("ticket").filter(key=key).first()) is not None:
        return known.ticket
    _demand_files(files, True)
    ticket = last_of(link.ticket)
    if ticket.state == State.SPAM:
        raise Refused(_("This ticket doesn’t go on. Write to us anew."))
    text = text.strip()[:LONGEST_TEXT] or (_("(a file)") if files else "")
    if not text:
        raise Refused(_("Write something before you send it."))
    sender = link.address or ticket.requester_name or ticket.requester_email
    if is_over(ticket, at):
        ticket = _followed_up(ticket, text, actor, at, key, sender)
        entry = TicketEntry.objects.get(key=key)
    else:
        entry = answering.receive(
            ticket,
            text,
            actor=actor,
            at=at,
            sender=sender,
            channel=Ticket.Channel.FORM,
            key=key,
        )
        ticket = entry.ticket
    _mark(entry, link, _attached(ticket, files, at))
    return ticket


@audited("ticket.judged")
def judge(link: TicketLink, *, is_solved: bool, actor: Actor, at: datetime) -> Ticket:
    """The customer says whether it is solved. Where something stands against closing it, colleagues read it."""
    ticket = last_of(link.ticket)
    if ticket.state in (State.SPAM, State.MERGED):
        raise Refused(_("This ticket doesn’t go on. Write to us anew."))
    happened(ticket, "told_solved" if is_solved else "told_unsolved", actor=actor, at=at)
    if is_solved and ticket.is_open:
        return _settled(ticket, actor, at)
    if not is_solved and not ticket.is_open and not is_over(ticket, at):
        ticket.customer_wrote_at = at
        ticket.reopened_count += 1
        return changing.move(ticket, State.OPEN, actor=actor, at=at)
    return ticket


def _settled(ticket: Ticket, actor: Actor, at: datetime) -> Ticket:
    try:
        with transaction.atomic():
            return changing.set_state(ticket, State.SOLVED, actor=actor, at=at)
    except Refused:
        return ticket


def is_over(ticket: Ticket, at: datetime) -> bool:
    """Whether it was settled too long ago to be opened again."""
    days = timedelta(days=IntakeSettings.current().reopen_days)
    return not ticket.is_open and ticket.solved_at is not None and at - ticket.solved_at > days


def _followed_up(
    before: Ticket, text: str, actor: Actor, at: datetime, key: str, sender: str
) -> Ticket:
    ticket = opening.open_ticket(
        {
            "type": before.type,
            "subject": before.subject,
            "channel": Ticket.Channel.FORM,
            "language": before.language,
            "customer": before.customer,
            "contact": before.contact,
            "requester_name": before.requester_name,
            "requester_email": before.requester_email,
            "requester_phone": before.requester_phone,
            "handling_department": before.handling_department,
            **({"parent": before} if before.parent_id is None else {}),
        },
        actor=actor,
        at=at,
        text=text,
        key=key,
        sender=sender,
    )
    happened(ticket, "follow_up", actor=actor, at=at, number=before.number)
    happened(before, "followed_up", actor=actor, at=at, number=ticket.number)
    return ticket


def _demand(form: ServiceForm, entries: Mapping[str, str]) -> None:
    errors: dict[str, str] = {}
    must = {"name", "email", "subject", "text", *set(form.required) & set(form.asked)}
    for name in must:
        if not entries.get(name, "").strip():
            errors[name] = _("Please fill this in.")
    for name, most in {**LONGEST, "subject": LONGEST_SUBJECT, "text": LONGEST_TEXT}.items():
        if len(entries.get(name, "")) > most:
            errors[name] = _("At most %(most)s characters.") % {"most": most}
    if "email" not in errors:
        try:
            validate_email(entries["email"].strip())
        except ValidationError:
            errors["email"] = _("Enter an e-mail address, such as name@example.cn.")
    if entries.get("type", "") not in form.types:
        errors["type"] = _("Choose from the list.")
    if (form.consent_zh or form.consent_en) and not entries.get("consent"):
        errors["consent"] = _("Without this we may not take your message.")
    if errors:
        raise Faulty(errors)


def _ruled(entries: Mapping[str, str]) -> dict[str, object]:
    """What rules say of priority and department; the type is the visitor's own choice."""
    told = told_by_rules(entries["subject"], entries["text"])
    told.pop("type", None)
    return told


def _text(form: ServiceForm, entries: Mapping[str, str]) -> str:
    """The words, and below them what was asked beside them and has no field of its own."""
    lines = [
        f"{ServiceForm.Asked(name).label}: {one_line(entries[name])}"
        for name in ("company", "order", "product")
        if name in form.asked and entries.get(name, "").strip()
    ]
    return "\n\n".join(part for part in (entries["text"].strip(), "\n".join(lines)) if part)


def _demand_files(files: Sequence[Upload], may_bring: bool) -> None:
    if files and not may_bring:
        raise Refused(_("This form takes no files."))
    if len(files) > MOST_FILES:
        raise Refused(_("At most %(most)s files at once.") % {"most": MOST_FILES})


def _attached(ticket: Ticket, files: Sequence[Upload], at: datetime) -> list[int]:
    return [
        attach(ticket, file.name, file.chunks, kind="ticket", actor=SYSTEM, at=at).pk
        for file in files
    ]


def _mark(entry: TicketEntry, link: TicketLink, files: list[int]) -> None:
    """By which link the words came, and what came with them."""
    entry.words = {**entry.words, "link": link.pk, "files": files}
    entry.save(update_fields=["words"])
