"""What a person wrote on a ticket is taken in: an answer, what the customer said, or an internal note."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.messaging.outbox import File
from kezhi.records import Kind, registry
from kezhi.service.models import Macro, Ticket, TicketEntry
from kezhi.service.tickets import presence
from kezhi.service.tickets.answering import SPOKEN, answer, receive
from kezhi.service.tickets.changing import set_state
from kezhi.service.tickets.macros import use_macro
from kezhi.service.tickets.noting import note_on_ticket, to_call
from kezhi.web.records.access import of_kind, visible
from kezhi.web.requests import PersonRequest
from kezhi.web.service.composer import Writing, minutes_typed
from kezhi.web.service.page import whole
from kezhi.workbench.attaching import attach

MOST_FILES = 20
LONGEST_NAME = 40


@require_POST
@of_kind
def write(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """POST text, mode (reply, note, said), state, minutes, by_phone, macro, file (several)."""
    ticket = visible(request, kind, pk, "edit")
    writing = Writing.typed(request.POST)
    try:
        _save(request, ticket, writing)
    except NotAllowed:
        raise
    except Refused as refusal:
        writing.error = str(refusal)
        return whole(request, ticket, writing, status=409)
    presence.leave(ticket, request.actor)
    said = {"reply": _("Sent"), "note": _("Note saved"), "said": _("Written down")}
    messages.success(request, said[writing.mode])
    return HttpResponseRedirect(f"{registry['ticket'].url_of(ticket)}#last")


@require_safe
@of_kind
def colleagues(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """`?q=`: colleagues who may see the ticket, by name, pinyin or initials."""
    ticket = visible(request, kind, pk, "edit")
    people = to_call(ticket, request.GET.get("q", "")[:LONGEST_NAME], request.actor.pk)
    return render(request, "customers/_mention_options.html", {"people": people})


def _save(request: PersonRequest, ticket: Ticket, writing: Writing) -> None:
    actor, at = request.actor, timezone.now()
    minutes = minutes_typed(writing.minutes)
    if writing.state and writing.state not in Ticket.State.values:
        raise Refused(_("Choose the state from the list."))
    uploads = request.FILES.getlist("file")[:MOST_FILES]
    macro = None
    if writing.macro is not None:
        macro = Macro.objects.visible_to(actor).filter(pk=writing.macro).first()
    with transaction.atomic():
        common: dict[str, Any] = {"actor": actor, "at": at, "minutes": minutes}
        entry: TicketEntry | None
        if macro is not None and (writing.mode == "note") == (macro.sort == Macro.Sort.NOTE):
            files = _files(uploads) if writing.mode == "reply" else ()
            common |= {"files": files, "channel": _channel(ticket, writing)}
            entry = use_macro(ticket, macro, writing.text, state=writing.state, **common)
        elif writing.mode == "note":
            entry = note_on_ticket(ticket, writing.text, **common)
        elif writing.mode == "said":
            entry = receive(ticket, writing.text, channel=Ticket.Channel.PHONE, **common)
        else:
            common |= {"files": _files(uploads), "channel": _channel(ticket, writing)}
            entry = answer(ticket, writing.text, state=writing.state, **common)
        if macro is None and writing.mode != "reply" and writing.state:
            set_state(ticket, writing.state, actor=actor, at=at)
        if entry is not None and uploads:
            _attach(request, ticket, entry, uploads)


def _channel(ticket: Ticket, writing: Writing) -> str:
    """Told by telephone, or by the way the ticket came; one that came by telephone is mailed if it can be."""
    if writing.by_phone:
        return str(Ticket.Channel.PHONE)
    is_mailed = ticket.channel in SPOKEN or ticket.channel == Ticket.Channel.RULE
    return str(Ticket.Channel.EMAIL if is_mailed else ticket.channel)


def _files(uploads: Sequence[UploadedFile]) -> list[File]:
    found = []
    for upload in uploads:
        kind = upload.content_type or "application/octet-stream"
        found.append(File(upload.name or "file", upload.read(), kind))
        upload.seek(0)
    return found


def _attach(
    request: PersonRequest, ticket: Ticket, entry: TicketEntry, uploads: Sequence[UploadedFile]
) -> None:
    kept = [
        attach(
            ticket,
            upload.name or "",
            upload.chunks(),
            kind="ticket",
            actor=request.actor,
            at=timezone.now(),
        ).pk
        for upload in uploads
    ]
    entry.words = {**entry.words, "files": kept}
    entry.save(update_fields=["words"])
