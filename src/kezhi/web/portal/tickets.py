"""A customer's own matters: asked, followed, answered, solved, rated; files to and fro."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.ids import record_id
from kezhi.core.refusal import Refused
from kezhi.service.models import Ticket
from kezhi.service.portal import asking, matters
from kezhi.service.portal.asking import Upload
from kezhi.web.attachments.handing_out import handed_out
from kezhi.web.numbers import day
from kezhi.web.portal.visiting import PortalRequest, page
from kezhi.web.requests import page_number, typed
from kezhi.workbench.attaching import StoreFull

A_PAGE = 20
LONGEST = 20_000
MOST_ORDERS = 30
# What is being done, as a customer may understand it.
TONES = {"new": "acc", "open": "acc", "waiting": "warn", "solved": "good", "closed": ""}


@page
@require_safe
def index(request: PortalRequest) -> HttpResponse:
    """`?show=settled`: those that are solved; else those that aren't."""
    is_settled = request.GET.get("show") == "settled"
    number = page_number(request)
    rows = matters.tickets_of(request.portal)
    states = {"state__in": Ticket.OPEN_STATES}
    rows = rows.exclude(**states) if is_settled else rows.filter(**states)
    start = (number - 1) * A_PAGE
    found = list(
        rows.select_related("contact").order_by("-opened_at", "-pk")[start : start + A_PAGE + 1]
    )
    about = {
        "tickets": found[:A_PAGE],
        "now": timezone.now(),
        "is_settled": is_settled,
        "number": number,
        "has_more": len(found) > A_PAGE,
    }
    return render(request, "portal/tickets.html", about)


@page
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PortalRequest) -> HttpResponse:
    if request.method != "POST":
        order = matters.orders_of(request.portal).filter(pk=_id(request.GET.get("order"))).first()
        return _form(request, {"type": "inquiry", "order": str(order.pk) if order else ""})
    entries = {
        "type": typed(request, "type", 10),
        "subject": typed(request, "subject", 300),
        "text": typed(request, "text", LONGEST),
    }
    order = matters.orders_of(request.portal).filter(pk=_id(request.POST.get("order"))).first()
    if request.POST.get("order") and order is None:
        raise Http404
    try:
        ticket = asking.ask(
            {**entries, "order": order},
            actor=request.portal,
            at=timezone.now(),
            key=_key(request),
            files=_files(request),
        )
    except Refused as refusal:
        about = {**entries, "order": str(order.pk) if order else ""}
        return _form(request, about, str(refusal), 507 if isinstance(refusal, StoreFull) else 422)
    messages.success(
        request, _("We have it: %(number)s. You read our answer here.") % {"number": ticket.number}
    )
    return HttpResponseRedirect(reverse("portal-ticket", args=[ticket.pk]))


def _form(
    request: PortalRequest, entries: dict[str, Any], refusal: str = "", status: int = 200
) -> HttpResponse:
    orders = list(matters.orders_of(request.portal).order_by("-ordered_on", "-pk")[:MOST_ORDERS])
    types = dict(Ticket.Type.choices)
    about = {
        "entries": entries,
        "refusal": refusal,
        "types": [(str(each), types[each]) for each in asking.TYPES],
        "orders": orders,
        "order_options": [
            (each.pk, f"{each.number} · {day(each.ordered_on, plain=True)}") for each in orders
        ],
        "key": uuid.uuid4().hex,
        "most_files": asking.MOST_FILES,
        "lost_files": bool(request.FILES),
    }
    return render(request, "portal/ticket_new.html", about, status=status)


@page
@require_safe
def show(request: PortalRequest, pk: int) -> HttpResponse:
    ticket = _ticket(request, pk)
    if ticket.pk != pk:  # merged: the matter goes on there
        return HttpResponseRedirect(reverse("portal-ticket", args=[ticket.pk]))
    return _page(request, ticket)


def _page(
    request: PortalRequest,
    ticket: Ticket,
    text: str = "",
    refusal: str = "",
    status: int = 200,
    *,
    about_rating: str = "",
) -> HttpResponse:
    words, order = matters.words_on(ticket), None
    if ticket.order_id is not None:
        order = matters.orders_of(request.portal).filter(pk=ticket.order_id).first()
    shown = {file.pk for each in words for file in each.files}
    about = {
        "ticket": ticket,
        "words": words,
        "files": [file for file in matters.files_on(ticket) if file.pk not in shown],
        "rating": matters.rating_of(ticket),
        "order": order,
        "text": text,
        "refusal": refusal,
        "about_rating": about_rating,
        "remark": typed(request, "remark", 500),
        "key": uuid.uuid4().hex,
        "most_files": asking.MOST_FILES,
        "lost_files": bool(request.FILES),
        "now": timezone.now(),
    }
    return render(request, "portal/ticket.html", about, status=status)


@page
@require_POST
def write(request: PortalRequest, pk: int) -> HttpResponse:
    """POST text, file (several), key."""
    ticket, text = _ticket(request, pk), typed(request, "text", LONGEST)
    try:
        asking.write(
            ticket,
            text,
            actor=request.portal,
            at=timezone.now(),
            key=_key(request),
            files=_files(request),
        )
    except Refused as refusal:
        full = isinstance(refusal, StoreFull)
        return _page(request, ticket, text, str(refusal), 507 if full else 422)
    messages.success(request, _("Sent. You read our answer here."))
    return _back(ticket)


@page
@require_POST
def solved(request: PortalRequest, pk: int) -> HttpResponse:
    ticket = _ticket(request, pk)
    try:
        asking.say_solved(ticket, actor=request.portal, at=timezone.now())
    except Refused as refusal:
        return _page(request, ticket, refusal=str(refusal), status=409)
    messages.success(request, _("Thank you for telling us."))
    return _back(ticket)


@page
@require_POST
def rate(request: PortalRequest, pk: int) -> HttpResponse:
    """POST score (1 to 5), remark."""
    ticket, score = _ticket(request, pk), typed(request, "score", 1)
    try:
        asking.rate(
            ticket,
            int(score) if score in tuple("12345") else 0,
            actor=request.portal,
            at=timezone.now(),
            remark=typed(request, "remark", 500),
        )
    except Refused as refusal:
        told = str(refusal)
        if ticket.is_open:
            return _page(request, ticket, refusal=told, status=409)
        return _page(request, ticket, status=409, about_rating=told)
    messages.success(request, _("Thank you: your rating helps us."))
    return _back(ticket)


@page
@require_safe
def file(request: PortalRequest, pk: int, file: int) -> HttpResponseBase:
    """What went with words on this matter, to us or to them."""
    return handed_out(matters.file_of(request.portal, pk, file))


def _ticket(request: PortalRequest, pk: int) -> Ticket:
    found = matters.ticket_of(request.portal, pk)
    if found is None:
        raise Http404
    return found


def _back(ticket: Ticket) -> HttpResponse:
    return HttpResponseRedirect(reverse("portal-ticket", args=[ticket.pk]))


def _key(request: PortalRequest) -> str:
    """Of the form that was sent: sent twice, it counts once."""
    return typed(request, "key", 40) or uuid.uuid4().hex


def _files(request: PortalRequest) -> list[Upload]:
    return [
        Upload(each.name or "", each.chunks())
        for each in request.FILES.getlist("file")[: asking.MOST_FILES + 1]
    ]


def _id(text: str | None) -> int:
    return record_id(text or "") or 0
