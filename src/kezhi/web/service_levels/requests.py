"""Requests between departments: one's own, those that one's department works on, one in full, its verdict."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Avg, Count
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.accounts.models import Department
from kezhi.audit.recording import record
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.service.models import InternalRequest, Ticket, TicketEntry
from kezhi.service.needs.requesting import (
    add_words,
    rate_request,
    request_internally,
    visible_requests,
)
from kezhi.service.tickets.happening import told
from kezhi.web.answering import done
from kezhi.web.requests import PersonRequest, must_may, page_number, typed
from kezhi.web.service_levels.panel import clocks_of
from kezhi.workbench.exporting import csv_lines

A_PAGE = 50
MOST_EXPORTED = 20_000
LONGEST_TEXT = 20_000
JUDGED_DAYS = 365
STATE_AT = 5  # among the columns of the file
SHOWN_SORTS = (TicketEntry.Sort.RECEIVED, TicketEntry.Sort.SENT, TicketEntry.Sort.EVENT)


@require_safe
def listed(request: PersonRequest) -> HttpResponse:
    """`?of=mine` (the usual) or `others`: what colleagues ask for and one sees."""
    of = "others" if request.GET.get("of") == "others" else "mine"
    number = page_number(request)
    rows = visible_requests(request.actor)
    mine = rows.filter(requester_id__in=request.actor.own_ids)
    shown = rows.exclude(requester_id__in=request.actor.own_ids) if of == "others" else mine
    related = ("ticket__assignee", "ticket__handling_department", "requester", "requesting")
    found = list(
        shown.select_related(*related).order_by("-ticket_id")[
            (number - 1) * A_PAGE : number * A_PAGE + 1
        ]
    )
    about = {
        "of": of,
        "rows": found[:A_PAGE],
        "first_page": f"?of={of}" if number > 1 else "",
        "next_page": f"?of={of}&page={number + 1}" if len(found) > A_PAGE else "",
        "verdicts": _verdicts(request),
        "may_export": request.actor.may("export", "ticket"),
    }
    return render(request, "service_levels/requests.html", about)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PersonRequest) -> HttpResponse:
    """POST department, subject and text."""
    if request.method != "POST":
        return _form(request)
    chosen = record_id(request.POST.get("department", ""))
    department = Department.objects.filter(pk=chosen or 0).first()
    if department is None:
        return _form(request, _("Choose the department that you ask."))
    try:
        made = request_internally(
            department,
            typed(request, "subject", 300),
            typed(request, "text", LONGEST_TEXT),
            actor=request.actor,
            at=timezone.now(),
        )
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _form(request, str(refusal))
    messages.success(request, _("Sent as %(number)s.") % {"number": made.ticket.number})
    return redirect("internal-request", made.pk)


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """One request as its requester sees it: what was said, without notes among colleagues, and its clocks."""
    found = _one(request, pk)
    ticket = found.ticket
    entries = ticket.entries.filter(sort__in=SHOWN_SORTS).select_related("author")
    about = {
        "found": found,
        "ticket": ticket,
        "entries": entries.order_by("at", "pk")[:300],
        "told": told,
        "clocks": clocks_of(ticket, request.actor, timezone.now()),
        "is_mine": found.requester_id in request.actor.own_ids,
        "goes_on": ticket.state not in (Ticket.State.MERGED, Ticket.State.SPAM),
        "is_solved": ticket.state in (Ticket.State.SOLVED, Ticket.State.CLOSED),
        "sees_ticket": Ticket.objects.visible_to(request.actor).filter(pk=ticket.pk).exists(),
        "ratings": [(str(each), str(each)) for each in range(1, 6)],
    }
    return render(request, "service_levels/request.html", about)


@require_POST
def say(request: PersonRequest, pk: int) -> HttpResponse:
    """POST text: the requester says more."""
    text = typed(request, "text", LONGEST_TEXT)
    return _do(
        request, pk, lambda found: add_words(found, text, actor=request.actor, at=timezone.now())
    )


@require_POST
def rate(request: PersonRequest, pk: int) -> HttpResponse:
    """POST rating (1 to 5) and comment."""
    chosen = request.POST.get("rating", "")
    rating = int(chosen) if chosen in {"1", "2", "3", "4", "5"} else 0
    comment = typed(request, "comment", 300)
    return _do(
        request,
        pk,
        lambda found: rate_request(
            found, rating, actor=request.actor, at=timezone.now(), comment=comment
        ),
    )


@require_POST
def export(request: PersonRequest) -> StreamingHttpResponse:
    """Requests of the tickets that one may take out, as CSV."""
    must_may(request, "export", "ticket")
    tickets = Ticket.objects.visible_to(request.actor, "export")
    rows = InternalRequest.objects.filter(ticket__in=tickets).order_by("-ticket_id").values_list(
        *("ticket__number", "ticket__subject", "requester__name", "requesting__name"),
        *("ticket__handling_department__name", "ticket__state", "ticket__opened_at"),
        *("ticket__solved_at", "rating", "comment"),
    )[:MOST_EXPORTED]  # fmt: skip
    states = dict(Ticket.State.choices)
    listed_rows = [
        [
            str(states.get(entry, entry)) if place == STATE_AT else entry
            for place, entry in enumerate(row)
        ]
        for row in rows
    ]
    record("internal_request.exported", actor=request.actor, rows=len(listed_rows))
    headings = [_("Ticket"), _("Subject"), _("Asked by"), _("Asking department"), _("Department"),
                _("State"), _("Opened"), _("Solved"), pgettext("internal request", "Verdict"),
                _("Comment")]  # fmt: skip
    lines = csv_lines(headings, listed_rows)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"internal-requests-{request.today.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _one(request: PersonRequest, pk: int) -> InternalRequest:
    related = ("ticket__assignee", "ticket__handling_department", "requester", "requesting")
    found: InternalRequest = get_object_or_404(
        visible_requests(request.actor).select_related(*related), pk=pk
    )
    return found


def _do(request: PersonRequest, pk: int, deed: Callable[[InternalRequest], object]) -> HttpResponse:
    found = _one(request, pk)
    home = reverse("internal-request", args=[pk])
    return done(request, lambda: deed(found), _("Saved."), home)


def _form(request: PersonRequest, refusal: str = "") -> HttpResponse:
    departments = Department.objects.order_by("path").values_list("pk", "name")[:500]
    about = {
        "departments": [("", _("Choose")), *((str(pk), name) for pk, name in departments)],
        "of": {name: request.POST.get(name, "") for name in ("department", "subject", "text")},
        "refusal": refusal,
    }
    return render(request, "service_levels/request_new.html", about, status=422 if refusal else 200)


def _verdicts(request: PersonRequest) -> list[dict[str, Any]]:
    """How content others were with each department, in the past year, of what one sees."""
    since = timezone.now() - timedelta(days=JUDGED_DAYS)
    rows = visible_requests(request.actor).filter(rated_at__gte=since)
    found = rows.values("ticket__handling_department__name").annotate(
        mean=Avg("rating"), count=Count("pk")
    )
    return list(found.order_by("-count")[:20])
