"""What the ticket's page shows of its need or its request, and the day told to the customer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused
from kezhi.customers.models import Need
from kezhi.customers.reaching import home_day
from kezhi.records import registry
from kezhi.service.clocks.keeping import tell_proposal
from kezhi.service.models import InternalRequest, Ticket
from kezhi.service.needs.binding import date_reply, need_of
from kezhi.service.tickets import hooks
from kezhi.web import numbers
from kezhi.web.answering import done_with
from kezhi.web.requests import PersonRequest, typed, typed_day


def register() -> None:
    hooks.PANELS.append(hooks.Part("need", "service_levels/_need.html", need_on, 15))
    hooks.PANELS.append(hooks.Part("request", "service_levels/_request.html", request_on, 15))


def need_on(ticket: Ticket, actor: Actor, at: datetime) -> Mapping[str, Any] | None:
    """The need that is worked on, where the actor may see it."""
    need = need_of(ticket)
    if need is None or not Need.objects.visible_to(actor).filter(pk=need.pk).exists():
        return None
    may_edit = Ticket.objects.visible_to(actor, "edit").filter(pk=ticket.pk).exists()
    day = max(need.reply_due_on, home_day(at))
    return {
        "ticket": ticket,
        "need": need,
        "need_url": registry["need"].url_of(need),
        "may_date": may_edit and need.is_open,
        "day": day,
        "words": _("We have your request and will give you an answer by %(day)s.")
        % {"day": numbers.day(day, "full", plain=True)},
    }


def request_on(ticket: Ticket, actor: Actor, at: datetime) -> Mapping[str, Any] | None:
    """Who asks, for which department, and the verdict."""
    related = InternalRequest.objects.select_related("requester", "requesting")
    found = related.filter(ticket=ticket).first()
    return {"found": found} if found is not None else None


@require_POST
def propose(request: PersonRequest, pk: int) -> HttpResponse:
    """POST: the customer has our proposal."""
    return done_with(
        request,
        "ticket",
        pk,
        lambda ticket: tell_proposal(ticket, actor=request.actor, at=timezone.now()),
        _("Saved."),
    )


@require_POST
def date_answer(request: PersonRequest, pk: int) -> HttpResponse:
    """POST on and text: the customer is told by which day the answer comes."""
    on: date | None = typed_day(request.POST.get("on", ""))
    text = typed(request, "text", 2000)

    def deed(ticket: Ticket) -> None:
        if on is None:
            raise Refused(_("Enter the day."))
        date_reply(ticket, on, text, actor=request.actor, at=timezone.now())

    return done_with(request, "ticket", pk, deed, _("Saved."))
