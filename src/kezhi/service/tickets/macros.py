"""Macros: words and steps that come up often, one's own or shown to all, used in one press."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.accounts.models import User, person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor, Scope
from kezhi.core.claiming import claim
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.messaging import merging
from kezhi.messaging.merging import Filled, fill, unknown_in, words_for
from kezhi.messaging.outbox import File, one_line
from kezhi.service.models import Macro, Ticket, TicketEntry
from kezhi.service.tickets import changing
from kezhi.service.tickets.answering import answer
from kezhi.service.tickets.noting import note_on_ticket
from kezhi.workbench.models import Tag
from kezhi.workbench.tagging import tag_record, tags_of

LONGEST = 20_000
MOST_TAGS = 20
ENTRIES = ("name", "sort", "text", "state", "priority", "takes", "assignee", "tags", "is_shared")


@audited("macro.added")
def add_macro(entries: Mapping[str, Any], *, actor: Actor) -> Macro:
    """`entries`: those of `ENTRIES`. One's own, unless it is shown to all."""
    owner = person(actor)
    if owner is None or not actor.may("create", "macro"):
        raise NotAllowed(_("Your role doesn’t write macros."))
    macro = Macro(owner=owner)
    _put(macro, entries, actor)
    macro.save()
    return macro


@audited("macro.changed")
def change_macro(macro: Macro, entries: Mapping[str, Any], *, actor: Actor, version: int) -> Macro:
    row = _claim(macro, actor, "edit")
    if row.version != version:
        raise EditConflict(_("Somebody changed this macro meanwhile. Check it and save again."))
    _put(row, entries, actor)
    row.version += 1
    row.save()
    note(fields=sorted(entries))
    return row


@audited("macro.deleted")
def delete_macro(macro: Macro, *, actor: Actor) -> None:
    """What was written with it stays."""
    _claim(macro, actor, "delete").delete()


@audited("macro.used")
def use_macro(
    ticket: Ticket,
    macro: Macro,
    text: str,
    *,
    actor: Actor,
    at: datetime,
    minutes: int = 0,
    to: Sequence[str] = (),
    files: Sequence[File] = (),
    channel: str = "",
    state: str = "",
) -> TicketEntry | None:
    """The words as they were looked through, and then the steps; all or nothing.

    `state` is what the person chose beside the words; without one, that of the macro.
    """
    row = Macro.objects.visible_to(actor).filter(pk=macro.pk).first()
    if row is None:
        raise NotAllowed(_("This macro is somebody else’s."))
    entry = None
    if text.strip() and row.sort == Macro.Sort.NOTE:
        entry = note_on_ticket(ticket, text, actor=actor, at=at, minutes=minutes)
    elif text.strip():
        entry = answer(
            ticket, text, actor=actor, at=at, minutes=minutes, to=to, files=files, channel=channel
        )
    _steps(ticket, row, actor, at, state)
    Macro.objects.filter(pk=row.pk).update(used_count=F("used_count") + 1)
    note(macro=row.pk, name=row.name)
    return entry


def words_of(macro: Macro, ticket: Ticket, actor: Actor, on: date) -> Filled:
    """The macro's text with its gaps filled for this ticket; nothing that the actor may not see."""
    words = words_for(ticket.customer, ticket.contact, actor, on) if ticket.customer else {}
    return fill(macro.text, words | ticket_words(ticket, actor))


def ticket_words(ticket: Ticket, actor: Actor) -> dict[str, str]:
    """The gaps that a ticket fills."""
    contact = ticket.contact.name if ticket.contact is not None else ticket.requester_name
    return {
        "ticket.number": ticket.number,
        "ticket.subject": ticket.subject,
        "contact.name": contact,
        "sender.name": actor.name,
    }


def _steps(ticket: Ticket, macro: Macro, actor: Actor, at: datetime, state: str) -> None:
    ticket.refresh_from_db()
    if macro.priority is not None and macro.priority != ticket.priority:
        ticket = changing.change_ticket(ticket, {"priority": macro.priority}, actor=actor, at=at)
    worker = person(actor) if macro.takes else macro.assignee
    if worker is not None and worker != ticket.assignee and ticket.is_open:
        ticket = changing.assign_ticket(ticket, worker, actor=actor, at=at)
    present = {tag.pk for tag in tags_of("ticket", ticket)}
    add = Tag.objects.filter(pk__in=set(macro.tags) - present)
    if add:
        tag_record("ticket", ticket, add, Tag.objects.none(), actor=actor)
    wanted = state or macro.state
    if wanted and wanted != ticket.state:
        changing.set_state(ticket, wanted, actor=actor, at=at)


def _claim(macro: Macro, actor: Actor, action: str) -> Macro:
    try:
        return claim(macro, actor=actor, action=action)
    except NotAllowed as refusal:
        raise NotAllowed(_("This macro is somebody else’s.")) from refusal


def _put(macro: Macro, entries: Mapping[str, Any], actor: Actor) -> None:
    unknown = set(entries) - set(ENTRIES)
    if unknown:
        raise Refused(_("A macro doesn’t have: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    for name, entry in entries.items():
        setattr(macro, name, entry)
    macro.name = one_line(macro.name)[:80]
    macro.text = macro.text.replace("\r\n", "\n").strip()[:LONGEST]
    macro.tags = list(dict.fromkeys(macro.tags))[:MOST_TAGS]
    if macro.takes:
        macro.assignee = None
    _check(macro)
    if macro.is_shared and actor.scope("edit", "macro") is not Scope.ALL and macro.pk is None:
        raise NotAllowed(_("Your role doesn’t write macros for all."))
    same = Macro.objects.filter(owner_id=macro.owner_id, name=macro.name).exclude(pk=macro.pk)
    if same.exists():
        raise Refused(_("There is a macro of this name already."))


def _check(macro: Macro) -> None:
    if not macro.name:
        raise Refused(_("A macro has a name."))
    steps = (macro.state, macro.priority, macro.takes, macro.assignee_id, macro.tags)
    if not macro.text and not any(steps):
        raise Refused(_("A macro writes something, or changes something."))
    if macro.sort not in Macro.Sort.values:
        raise Refused(_("Choose for whom the words are."))
    if macro.state and macro.state not in changing.CHOSEN:
        raise Refused(_("Choose the state from the list."))
    if macro.priority is not None and macro.priority not in Ticket.Priority.values:
        raise Refused(_("Choose the priority from the list."))
    worker: User | None = macro.assignee
    if worker is not None and not worker.is_active:
        raise Refused(_("Choose a colleague who works here to see to it."))
    if unknown := unknown_in(macro.text):
        names = ", ".join("{{" + name + "}}" for name in unknown)
        raise Refused(_("There is no field %(names)s. Choose from the list.") % {"names": names})
    if set(macro.tags) - set(Tag.objects.filter(pk__in=macro.tags).values_list("pk", flat=True)):
        raise Refused(_("Choose one of the tags."))


def register() -> None:
    """The gaps that words on tickets may have."""
    merging.FIELDS.update(
        {
            "ticket.number": gettext_lazy("Number of the ticket"),
            "ticket.subject": gettext_lazy("What the ticket is about"),
        }
    )
