"""Articles beside a ticket, for the colleague who answers it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from kezhi.core.actor import Actor
from kezhi.messaging.noticing import address
from kezhi.service.knowledge import finding
from kezhi.service.models import Article, Ticket
from kezhi.service.tickets.hooks import PANELS, Part
from kezhi.web.knowledge.faces import public_face
from kezhi.web.requests import PersonRequest, must_may, typed

SUGGESTED = 4
LAST_WORDS = 1_500


@require_POST
def beside(request: PersonRequest, pk: int) -> HttpResponse:
    """POST q, or the text being written: what fits it, as a part of the ticket's page."""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.actor), pk=pk)
    must_may(request, "read", "article")
    asked = typed(request, "q", 200) or typed(request, "text", LAST_WORDS)
    about = _about(ticket, request.actor, asked or _words(ticket))
    return render(request, "knowledge/_beside.html", {"about": about})


def _panel(ticket: Ticket, actor: Actor, at: datetime) -> Mapping[str, Any] | None:
    if not actor.may("read", "article"):
        return None
    return _about(ticket, actor, _words(ticket))


def _about(ticket: Ticket, actor: Actor, asked: str) -> dict[str, Any]:
    language = "en" if ticket.language.startswith("en") else "zh"
    hits = finding.suggest(asked, actor, SUGGESTED, language=language)
    return {
        "ticket": ticket,
        "hits": [(hit, _insert(hit)) for hit in hits],
        "may_write": actor.may("create", "article")
        and ticket.state in (Ticket.State.SOLVED, Ticket.State.CLOSED),
        "audiences": dict(Article.Audience.choices),
    }


def _insert(hit: finding.Hit) -> str:
    """What goes into the answer: title and address of an article that the customer may read."""
    if hit.audience != Article.Audience.PUBLIC:
        return ""
    return f"{hit.title} {address(public_face(hit.language).article(hit.code))}"


def _words(ticket: Ticket) -> str:
    said = (
        ticket.entries.filter(sort="received")
        .order_by("-at")
        .values_list("text", flat=True)
        .first()
    )
    return f"{ticket.subject}\n{(said or '')[:LAST_WORDS]}"


PANELS.append(Part("knowledge", "knowledge/_ticket_panel.html", _panel, order=70))
