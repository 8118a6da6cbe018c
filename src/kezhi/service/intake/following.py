"""What a customer sees of their ticket by a link: their own words, ours to them, and where it stands.

By address: what colleagues wrote to somebody else on the same ticket, notes, names and addresses of people who
work here are not part of it. Whoever has only the link from the screen of a form sees the steps, and what they
typed themselves; what we wrote back stands in the mail.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.messaging.models import Incoming, Outgoing
from kezhi.service.intake.threading import last_of
from kezhi.service.intake.visiting import is_over
from kezhi.service.models import Ticket, TicketEntry, TicketLink
from kezhi.service.tickets.enclosing import for_customer
from kezhi.workbench.models import Attachment

State, Sort = Ticket.State, TicketEntry.Sort
MOST_STEPS = 200
Words = str | Promise

STATES: dict[str, tuple[Words, Words]] = {
    State.NEW: (
        pgettext_lazy("ticket, to the customer", "Received"),
        _("Your message has come. Somebody will see to it."),
    ),
    State.OPEN: (
        pgettext_lazy("ticket, to the customer", "In progress"),
        _("We are working on it."),
    ),
    State.WAITING: (
        pgettext_lazy("ticket, to the customer", "Waiting for you"),
        _("We need your answer to go on."),
    ),
    State.SOLVED: (
        pgettext_lazy("ticket, to the customer", "Solved"),
        _("We believe that it is solved. If it isn’t, tell us below."),
    ),
    State.CLOSED: (pgettext_lazy("ticket, to the customer", "Closed"), _("The matter is closed.")),
}
MOVES: dict[str, Words] = {
    State.OPEN: _("We began to work on it"),
    State.WAITING: _("We asked you for an answer"),
    State.SOLVED: _("Marked as solved"),
    State.CLOSED: _("Closed"),
}
EVENTS: dict[str, Words] = {
    "opened": _("Your message came"),
    "reopened": _("Opened again"),
    "passed_on": _("Passed on to the department that can solve it"),
    "told_solved": _("You told us that it is solved"),
    "told_unsolved": _("You told us that it isn’t solved"),
}

# Of events of other parts of service: the word of the entry that says which, and what the customer is told.
TOLD: dict[str, tuple[str, dict[str, Words]]] = {}


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was said or happened. `side` is `you`, `we` or empty."""

    at: datetime
    what: Words
    side: str = ""
    text: str = ""
    files: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """`due_at` is the next answer that was promised, told only in the mail of whom it was promised to."""

    number: str
    subject: str
    state: Words
    explained: Words
    tone: str
    opened_at: datetime
    due_at: datetime | None
    steps: list[Step] = field(default_factory=list)
    may_write: bool = False
    may_judge_solved: bool = False
    may_judge_unsolved: bool = False
    goes_on_as: str = ""
    is_proven: bool = False


def story(link: TicketLink, at: datetime) -> Story:
    """Everything that the holder of this link may know."""
    ticket, now = link.ticket, last_of(link.ticket)
    state = now.state if now.state in STATES else State.CLOSED
    is_dead = now.state == State.SPAM
    label, explained = STATES[state]
    is_open = now.is_open
    promised = now.due_at if link.address and is_open and now.state != State.WAITING else None
    return Story(
        number=ticket.number,
        subject=ticket.subject,
        state=label,
        explained=explained,
        tone={"solved": "ok", "closed": "", "waiting": "warn"}.get(state, "info"),
        opened_at=ticket.opened_at,
        due_at=promised if promised and promised > at else None,
        steps=_steps(link, ticket, now),
        may_write=not is_dead,
        may_judge_solved=is_open,
        may_judge_unsolved=not is_open and not is_dead and not is_over(now, at),
        goes_on_as=now.number if now.pk != ticket.pk and link.address else "",
        is_proven=bool(link.address),
    )


def file_of(link: TicketLink, pk: int) -> Attachment | None:
    """A file of what the holder of this link may know; None for any other."""
    steps = _steps(link, link.ticket, last_of(link.ticket))
    return next((file for step in steps for file in step.files if file.pk == pk), None)


def _steps(link: TicketLink, ticket: Ticket, now: Ticket) -> list[Step]:
    rows = TicketEntry.objects.filter(ticket__in={ticket.pk, now.pk}).exclude(sort=Sort.NOTE)
    entries = list(rows.order_by("-at", "-pk")[:MOST_STEPS])[::-1]
    letters = Incoming.objects.in_bulk([e.incoming_id for e in entries if e.incoming_id])
    sent = Outgoing.objects.in_bulk([e.outgoing_id for e in entries if e.outgoing_id])
    files = for_customer(entries)
    steps = (
        _step(
            each,
            link,
            letters.get(each.incoming_id or 0),
            sent.get(each.outgoing_id or 0),
            tuple(files.get(each.pk, ())),
        )
        for each in entries
    )
    return [step for step in steps if step is not None]


def _step(
    entry: TicketEntry,
    link: TicketLink,
    came: Incoming | None,
    went: Outgoing | None,
    files: tuple[Attachment, ...],
) -> Step | None:
    if entry.sort == Sort.EVENT:
        return _event(entry)
    is_own = entry.words.get("link") == link.pk
    if entry.sort == Sort.RECEIVED:
        if not (is_own or (link.address and _is_theirs(entry, link, came))):
            return None
        return Step(entry.at, _("You wrote"), "you", entry.text, files)
    if entry.words.get("is_automatic"):
        return None
    if not link.address:
        return Step(entry.at, _("We answered by mail"), "we")
    if went is not None and link.address not in _lower([*went.to, *went.cc]):
        return None
    said = entry.channel in (Ticket.Channel.PHONE, Ticket.Channel.COLLEAGUE)
    what = _("We told you") if said else _("We wrote")
    return Step(entry.at, what, "we", entry.text, files)


def _is_theirs(entry: TicketEntry, link: TicketLink, came: Incoming | None) -> bool:
    """Whether this address wrote it, or was written to by who did."""
    if came is not None:
        return link.address in _lower([came.from_address, *came.to, *came.cc])
    if entry.incoming_id is not None:
        return False
    if entry.contact_id is not None and entry.contact is not None:
        return bool(entry.contact.email.lower() == link.address)
    asked = link.ticket.requester_email.lower()
    return asked == link.address or entry.sender.lower() == link.address


def _event(entry: TicketEntry) -> Step | None:
    if entry.event == "state":
        moved = MOVES.get(str(entry.words.get("after", "")))
        return Step(entry.at, moved) if moved is not None else None
    word, choices = TOLD.get(entry.event, ("", {}))
    known = EVENTS.get(entry.event) or choices.get(str(entry.words.get(word, "")))
    return Step(entry.at, known) if known is not None else None


def _lower(addresses: list[str]) -> set[str]:
    return {str(each).lower() for each in addresses}
