"""Tickets for programs: their words, read and written, who works on them, and what becomes of them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.api.calling import Call, answered
from kezhi.api.entries import day
from kezhi.api.leafing import leafed
from kezhi.api.members import (
    MAYBE_REFERENCE,
    REFERENCE,
    Action,
    Member,
    at,
    choice,
    department,
    editing,
    instant,
    listed,
    nobody_or_person,
    or_null,
    other,
    whole,
    words,
    yes,
)
from kezhi.api.problems import Problem
from kezhi.api.records import visible
from kezhi.api.writing import moment, named, who
from kezhi.audit.sightings import Seen, note_sighting
from kezhi.core.refusal import Refused
from kezhi.messaging.outbox import MOST_FILE_BYTES, File
from kezhi.records import Kind, registry
from kezhi.service.models import Ticket, TicketEntry
from kezhi.service.needs.binding import date_reply, ticket_of
from kezhi.service.tickets import answering, changing, merging, noting, parting, routing, snoozing
from kezhi.service.tickets.answering import MOST_MINUTES, SPOKEN
from kezhi.service.tickets.enclosing import enclose
from kezhi.service.tickets.happening import told
from kezhi.service.tickets.opening import LONGEST
from kezhi.workbench.attaching import attachments_of, path_of
from kezhi.workbench.models import Attachment

MOST_FILES = 20
Channel = Ticket.Channel


def entries(call: Call) -> HttpResponse:
    """What was said and done on a ticket, in the order in which it was written down."""
    kind = call.kind("ticket")
    ticket = visible(call, kind)
    rows = ticket.entries.select_related("author", "contact")
    page = leafed(call, rows)
    sees_reach = call.actor.sees("ticket", "reach")
    _note_seen(call, ticket, [each for each in page.rows if sees_reach and each.sender])
    contact = registry.declared("contact")
    files = _named_files(ticket, page.rows)
    items = [
        _entry(each, contact, sees_reach=sees_reach)
        | {"files": [files[pk] for pk in each.words.get("files", ()) if pk in files]}
        for each in page.rows
    ]
    return answered({"items": items, "next": page.next})


def _entry(entry: TicketEntry, contact: Kind, *, sees_reach: bool) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "sort": str(entry.sort),
        "at": moment(entry.at),
        "author": who(entry.author),
        "contact": named(entry.contact, contact) if entry.contact is not None else None,
        "sender": (entry.sender or None) if sees_reach else None,
        "channel": entry.channel or None,
        "text": told(entry) if entry.sort == TicketEntry.Sort.EVENT else entry.text,
        "event": entry.event or None,
        "minutes": entry.minutes,
    }


def _named_files(ticket: Ticket, entries: list[TicketEntry]) -> dict[int, dict[str, Any]]:
    """By id, those of the ticket's files that go with these words."""
    if not any(each.words.get("files") for each in entries):
        return {}
    files = attachments_of("ticket", ticket.pk)
    return {each.pk: {"id": each.pk, "name": each.name} for each in files}


def _note_seen(call: Call, ticket: Ticket, personal: list[TicketEntry]) -> None:
    if personal:
        seen = Seen("ticket", ticket.pk, ticket.subject[:60])
        note_sighting([seen], actor=call.actor, on=call.today, where="api")


# ---- deeds ----


def _answer(call: Call, kind: Kind, ticket: Ticket, sent: dict[str, Any]) -> Any:
    """By the way the ticket came; one that came by telephone is mailed, if it can be."""
    is_mailed = ticket.channel in SPOKEN or ticket.channel == Channel.RULE
    usual = str(Channel.EMAIL if is_mailed else ticket.channel)
    told_, enclosed = {"channel": usual, **sent}, _enclosed(ticket, sent)
    told_["files"] = _mailed(enclosed)
    entry = answering.answer(ticket, **told_, actor=call.actor, at=call.at)
    enclose(entry, [each.pk for each in enclosed])
    return entry


def _note(call: Call, kind: Kind, ticket: Ticket, sent: dict[str, Any]) -> Any:
    enclosed = _enclosed(ticket, sent)
    told_ = {name: sent[name] for name in sent if name != "files"}
    entry = noting.note_on_ticket(ticket, **told_, actor=call.actor, at=call.at)
    enclose(entry, [each.pk for each in enclosed])
    return entry


def _receive(call: Call, kind: Kind, ticket: Ticket, sent: dict[str, Any]) -> Any:
    said, enclosed = {"channel": str(Channel.API), **sent}, _enclosed(ticket, sent)
    said.pop("files", None)
    entry = answering.receive(ticket, **said, actor=call.actor, at=call.at)
    enclose(entry, [each.pk for each in enclosed])
    return entry


def _enclosed(ticket: Ticket, sent: dict[str, Any]) -> list[Attachment]:
    """The files of the ticket that are to go with the words; they were brought before."""
    wanted = dict.fromkeys(sent.get("files", ()))
    files = attachments_of("ticket", ticket.pk) if wanted else []
    found = {each.pk: each for each in files if path_of(each.stored_as).is_file()}
    if any(pk not in found for pk in wanted):
        said = _("There is no such file on this ticket.")
        raise Problem("invalid", errors=[("/files", said)])
    return [found[pk] for pk in wanted]


def _mailed(enclosed: list[Attachment]) -> list[File]:
    """As they leave by mail; too many at once aren't even read."""
    if sum(each.size for each in enclosed) > MOST_FILE_BYTES:
        raise Refused(
            _("The files of a mail hold %(most)s MB at most.") % {"most": MOST_FILE_BYTES >> 20}
        )
    return [
        File(each.name, path_of(each.stored_as).read_bytes(), each.media_type) for each in enclosed
    ]


def _assign(call: Call, kind: Kind, ticket: Ticket, sent: dict[str, Any]) -> Any:
    worker, reason = sent.get("assignee"), sent.get("reason", "")
    if sent.get("department") is not None:
        return changing.pass_on_ticket(
            ticket, sent["department"], actor=call.actor, at=call.at, reason=reason, worker=worker
        )
    if "assignee" not in sent:
        raise Problem("invalid", errors=[("/assignee", _("Fill this in."))])
    return changing.assign_ticket(ticket, worker, actor=call.actor, at=call.at, reason=reason)


def _set_state(call: Call, kind: Kind, ticket: Ticket, sent: dict[str, Any]) -> Any:
    more = dict(sent)
    state, with_parts = more.pop("state"), more.pop("with_parts", False)
    if with_parts:
        more.pop("reason", None)
        return parting.settle_with_parts(ticket, state, **more, actor=call.actor, at=call.at)
    return changing.set_state(ticket, state, **more, actor=call.actor, at=call.at)


def _snooze(call: Call, kind: Kind, ticket: Ticket, sent: dict[str, Any]) -> Any:
    until = sent["until"]
    if until is None:
        return snoozing.wake_ticket(ticket, actor=call.actor, at=call.at)
    is_wished = sent.get("is_wished", False)
    return snoozing.snooze_ticket(ticket, until, actor=call.actor, at=call.at, is_wished=is_wished)


def _belong(call: Call, kind: Kind, ticket: Ticket, sent: dict[str, Any]) -> Any:
    if sent["parent"] is None:
        return parting.release_part(ticket, actor=call.actor, at=call.at)
    return parting.make_part(ticket, sent["parent"], actor=call.actor, at=call.at)


def _merge(call: Call, kind: Kind, ticket: Ticket, sent: dict[str, Any]) -> Any:
    tells = sent.get("tells", False)
    return merging.merge_ticket(ticket, sent["into"], actor=call.actor, at=call.at, tells=tells)


def _date_reply(call: Call, kind: Kind, record: Any, sent: dict[str, Any]) -> Any:
    ticket = record if kind.name == "ticket" else ticket_of(record)
    if ticket is None:
        raise Problem("refused", _("No ticket belongs to this need: answer it directly."))
    return date_reply(ticket, sent["on"], sent["text"], actor=call.actor, at=call.at)


MINUTES = {"minutes": whole(MOST_MINUTES)}
TEXT = {"text": words(LONGEST, is_required=True)}
FILES = {"files": listed(whole(2**53).read, {"type": "integer"}, MOST_FILES, is_required=False)}
REASON = {"reason": words(300)}
SAID_BY = {"channel": choice(Channel.values)}
YES = Member(yes, {"type": "boolean"})
SOLUTION = {"solution": words(20_000)}
A_DAY = Member(lambda call, sent: day(sent), {"type": "string", "format": "date"}, is_required=True)
REPLY_DATE = Action(
    "reply-date",
    gettext_lazy("Tell the customer by which day a need is answered"),
    "edit",
    _date_reply,
    {"on": A_DAY, "text": words(2_000, is_required=True)},
)


ACTIONS: dict[str, tuple[Action, ...]] = {
    "ticket": (
        editing(
            "answer",
            gettext_lazy("Words to the customer, sent by the way the ticket came"),
            _answer,
            **TEXT,
            state=choice(changing.CHOSEN),
            **SAID_BY,
            **MINUTES,
            **FILES,
        ),
        editing(
            "note",
            gettext_lazy("A note for colleagues, which the customer never sees"),
            _note,
            **TEXT,
            **MINUTES,
            **FILES,
        ),
        editing(
            "message",
            gettext_lazy("Words from the customer that came another way"),
            _receive,
            **TEXT,
            **SAID_BY,
            sender=words(254),
            **MINUTES,
            **FILES,
        ),
        editing(
            "assignment",
            gettext_lazy("Give it to a colleague, to nobody (the queue), or to another department"),
            _assign,
            assignee=Member(nobody_or_person, MAYBE_REFERENCE),
            department=Member(department, REFERENCE),
            **REASON,
        ),
        Action(
            "routing",
            gettext_lazy("Give it to whom skill and open work name"),
            "assign",
            at(routing.route_ticket),
            needs=("edit", "ticket"),
        ),
        editing(
            "state",
            gettext_lazy("In progress, waiting, solved, closed, or unwanted"),
            _set_state,
            state=choice(changing.CHOSEN, is_required=True),
            **SOLUTION,
            **REASON,
            with_parts=YES,
        ),
        editing(
            "rest",
            gettext_lazy("Let it rest until a moment; null wakes it"),
            _snooze,
            until=Member(
                or_null(instant),
                {"type": ["string", "null"], "format": "date-time"},
                is_required=True,
            ),
            is_wished=YES,
        ),
        editing(
            "merge",
            gettext_lazy("Let it go on in another ticket"),
            _merge,
            into=Member(other("ticket"), REFERENCE, is_required=True),
            tells=YES,
        ),
        editing("parting", gettext_lazy("Take a merge back"), at(merging.part_ticket)),
        editing(
            "parent",
            gettext_lazy("Make it a part of another ticket; null takes it out"),
            _belong,
            parent=Member(or_null(other("ticket")), MAYBE_REFERENCE, is_required=True),
        ),
        REPLY_DATE,
    ),
}
