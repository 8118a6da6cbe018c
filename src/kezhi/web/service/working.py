"""Small deeds on a ticket: taken, given, passed on, its state, at rest, merged, in parts; each a form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.accounts.models import Department, User
from kezhi.audit.recording import listening
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Kind
from kezhi.service.models import Ticket
from kezhi.service.tickets import presence
from kezhi.service.tickets.changing import (
    assign_ticket,
    change_ticket,
    pass_on_ticket,
    set_state,
)
from kezhi.service.tickets.merging import merge_ticket, part_ticket
from kezhi.service.tickets.parting import make_part, release_part, settle_with_parts
from kezhi.service.tickets.routing import route_ticket
from kezhi.service.tickets.snoozing import snooze_ticket, wake_ticket
from kezhi.web.records.access import of_kind, visible
from kezhi.web.records.undo import say, undo_url
from kezhi.web.requests import PersonRequest, typed
from kezhi.web.service import orders
from kezhi.web.service.page import whole
from kezhi.web.ways import is_ours
from kezhi.workbench.undoing import taken_back_by

LONGEST_SOLUTION = 20_000
OFFERED = 10


@require_POST
@of_kind
def take(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """The ticket is the person's own."""
    actor = request.actor
    return carry_out(
        request,
        kind,
        pk,
        lambda ticket: assign_ticket(ticket, actor, actor=actor, at=timezone.now()),
        _("It is yours now"),
    )


@require_POST
@of_kind
def assign(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """POST worker (a colleague, or empty for the queue) and reason; with `department` it is passed on."""
    actor, at = request.actor, timezone.now()
    chosen = record_id(request.POST.get("worker", ""))
    worker = User.objects.active().filter(pk=chosen).first() if chosen is not None else None
    department = None
    if (wanted := record_id(request.POST.get("department", ""))) is not None:
        department = Department.objects.filter(pk=wanted).first()
    reason = typed(request, "reason", 300)

    def deed(ticket: Ticket) -> None:
        if chosen is not None and worker is None:
            raise Refused(_("Choose a colleague who works here to see to it."))
        if department is not None:
            pass_on_ticket(ticket, department, actor=actor, at=at, reason=reason, worker=worker)
        else:
            assign_ticket(ticket, worker, actor=actor, at=at, reason=reason)

    return carry_out(request, kind, pk, deed, _("Passed on"))


@require_POST
@of_kind
def route(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """To whom skill and load name."""

    def deed(ticket: Ticket) -> None:
        route_ticket(ticket, actor=request.actor, at=timezone.now())

    return carry_out(request, kind, pk, deed, _("Passed on"))


@require_POST
@of_kind
def change_state(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """POST state, solution, with_parts; `next` is where to go afterwards."""
    actor, at = request.actor, timezone.now()
    state = request.POST.get("state", "")[:10]
    solution = typed(request, "solution", LONGEST_SOLUTION)

    def deed(ticket: Ticket) -> None:
        if request.POST.get("with_parts") == "1":
            settle_with_parts(ticket, state, actor=actor, at=at, solution=solution)
        else:
            set_state(ticket, state, actor=actor, at=at, solution=solution)

    return carry_out(request, kind, pk, deed, _("Saved"))


@require_POST
@of_kind
def choose_order(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """POST order: one of the customer's that the person sees, or empty for none."""
    chosen = record_id(request.POST.get("order", ""))

    def deed(ticket: Ticket) -> None:
        order = None
        if chosen is not None:
            order = orders.orders_of(ticket, request.actor).filter(pk=chosen).first()
            if order is None:
                raise Refused(_("Choose an order of this customer."))
        change_ticket(ticket, {"order": order}, actor=request.actor, at=timezone.now())

    return carry_out(request, kind, pk, deed, _("Saved"))


@require_POST
@of_kind
def snooze(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """POST until (a moment at the company's clock); without one it wakes; `wished` by the customer."""
    actor, at = request.actor, timezone.now()
    until = moment_typed(request, "until")

    def deed(ticket: Ticket) -> None:
        if until is None and request.POST.get("wake") != "1":
            raise Refused(_("Choose until when it rests."))
        if until is None:
            wake_ticket(ticket, actor=actor, at=at)
        else:
            is_wished = request.POST.get("wished") == "1"
            snooze_ticket(ticket, until, actor=actor, at=at, is_wished=is_wished)

    return carry_out(request, kind, pk, deed, _("Saved"))


@require_http_methods(["GET", "HEAD", "POST"])
@of_kind
def merge(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """A page that offers open tickets of the same customer; POST into (a number) and tells."""
    ticket = visible(request, kind, pk, "edit")
    if request.method != "POST":
        return _merging(request, kind, ticket)
    actor, at = request.actor, timezone.now()
    into = _numbered(request, typed(request, "into", 20))
    if into is None:
        refusal = _("There is no open ticket of that number that you may change.")
        return _merging(request, kind, ticket, refusal, 422)
    tells = request.POST.get("tells") == "1"
    try:
        with listening() as keys:
            merge_ticket(ticket, into, actor=actor, at=at, tells=tells)
    except NotAllowed:
        raise
    except Refused as refused:
        return _merging(request, kind, ticket, str(refused), 409)
    # What the sender was told isn't untold: then the merge is taken back on the page, if it must be.
    undo = "" if tells else undo_url(taken_back_by(keys), actor)
    say(request, _("Merged into %(number)s") % {"number": into.number}, undo)
    return HttpResponseRedirect(kind.url_of(into))


@require_POST
@of_kind
def part(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """Take a merge back."""

    def deed(ticket: Ticket) -> None:
        part_ticket(ticket, actor=request.actor, at=timezone.now())

    return carry_out(request, kind, pk, deed, _("The merge is taken back"))


@require_POST
@of_kind
def belong(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """POST parent (a number): the ticket is a part of it; empty: it stands by itself."""
    actor, at = request.actor, timezone.now()
    number = typed(request, "parent", 20)

    def deed(ticket: Ticket) -> None:
        if not number:
            release_part(ticket, actor=actor, at=at)
            return
        parent = _numbered(request, number)
        if parent is None:
            raise Refused(_("There is no open ticket of that number that you may change."))
        make_part(ticket, parent, actor=actor, at=at)

    return carry_out(request, kind, pk, deed, _("Saved"))


@require_safe
@of_kind
def colleagues_here(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """Who else has the ticket before them; asking says that oneself has, with `writing=1` that one writes."""
    ticket = visible(request, kind, pk)
    at = timezone.now()
    is_writing = request.GET.get("writing") == "1"
    presence.come(ticket, request.actor, at, is_writing=is_writing)
    about = {"ticket": ticket, "here": presence.others(ticket, request.actor, at)}
    return render(request, "service/_presence.html", about)


def carry_out(
    request: PersonRequest, kind: Kind, pk: int, deed: Callable[[Ticket], Any], told: str
) -> HttpResponse:
    """One deed on a ticket that the person may change, told on the page it leads back to, with its undo.

    Refused on the ticket's own page, its forms hold what was typed.
    """
    ticket = visible(request, kind, pk, "edit")
    wanted = request.POST.get("next", "")
    try:
        with listening() as keys:
            deed(ticket)
    except NotAllowed:
        raise
    except Refused as refusal:
        if request.htmx:
            return render(request, "service/_refusal.html", {"refusal": str(refusal)}, status=409)
        messages.error(request, str(refusal))
        if is_ours(wanted):
            return HttpResponseRedirect(wanted)
        return whole(request, visible(request, kind, pk), status=409)
    if request.htmx:
        return HttpResponse(status=204)
    say(request, told, undo_url(taken_back_by(keys), request.actor))
    if is_ours(wanted):
        return HttpResponseRedirect(wanted)
    # Who handed away what they only saw by it, goes back to the queue.
    still = kind.visible_to(request.actor).filter(pk=pk).exists()
    return HttpResponseRedirect(kind.url_of(ticket) if still else f"/{kind.address}/")


def _merging(
    request: PersonRequest, kind: Kind, ticket: Ticket, refusal: str = "", status: int = 200
) -> HttpResponse:
    rows = Ticket.objects.visible_to(request.actor, "edit").open().exclude(pk=ticket.pk)
    if ticket.customer_id is not None:
        rows = rows.filter(customer_id=ticket.customer_id)
    elif ticket.requester_email:
        rows = rows.filter(requester_email=ticket.requester_email)
    else:
        rows = rows.none()
    about = {
        "kind": kind,
        "ticket": ticket,
        "offered": list(rows.order_by("-opened_at")[:OFFERED]),
        "into": request.POST.get("into", "")[:20],
        "refusal": refusal,
    }
    return render(request, "service/merge.html", about, status=status)


def _numbered(request: PersonRequest, number: str) -> Ticket | None:
    rows = Ticket.objects.visible_to(request.actor, "edit").open()
    return rows.filter(number=number.upper()).first()  # type: ignore[no-any-return]


def moment_typed(request: PersonRequest, name: str) -> datetime | None:
    """A moment at the company's clock; None when there is none."""
    try:
        local = datetime.fromisoformat(request.POST.get(name, ""))
    except ValueError:
        return None
    return local.replace(tzinfo=request.company.zone)
