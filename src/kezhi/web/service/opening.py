"""A ticket opened by hand: the note of a call, or what somebody asked at the counter or in the corridor."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Kind
from kezhi.service.models import Ticket
from kezhi.service.tickets.opening import LONGEST
from kezhi.web.records.access import of_kind
from kezhi.web.records.forms import RecordForm
from kezhi.web.requests import PersonRequest, must_may
from kezhi.web.service.composer import minutes_typed

# By what way it reached the person who writes it down.
BY_HAND = (Ticket.Channel.PHONE, Ticket.Channel.EMAIL, Ticket.Channel.COLLEAGUE)


@require_http_methods(["GET", "HEAD", "POST"])
@of_kind
def create(request: PersonRequest, kind: Kind) -> HttpResponse:
    """The form, with what the address suggests (`?customer=7&parent=3`); POST its fields, and text, channel,
    minutes, take."""
    must_may(request, "create", kind.name)
    form = RecordForm.of(request, kind)
    if request.method != "POST":
        return _form(request, kind, form)
    if "find" in request.POST:
        return _form(request, kind, form.searching(request.POST))
    if not form.read(request.POST).is_valid:
        return _form(request, kind, form, status=422)
    fields: dict[str, Any] = {
        name: entry for name, entry in form.entries.items() if entry not in (None, "", [])
    }
    channel = request.POST.get("channel", "")
    fields["channel"] = channel if channel in BY_HAND else Ticket.Channel.PHONE
    if request.POST.get("take") == "1":
        fields["assignee"] = request.actor
    if (parent := _parent(request)) is not None:
        fields["parent"] = parent
    try:
        assert kind.create is not None
        ticket = kind.create(
            fields,
            actor=request.actor,
            on=request.today,
            at=timezone.now(),
            text=request.POST.get("text", "").replace("\0", "")[:LONGEST],
            minutes=minutes_typed(request.POST.get("minutes", "").strip()),
        )
    except NotAllowed:
        raise
    except Refused as refusal:
        return _form(request, kind, form, str(refusal), 409)
    messages.success(request, _("%(number)s is opened") % {"number": ticket.number})
    return HttpResponseRedirect(kind.url_of(ticket))


def _parent(request: PersonRequest) -> Ticket | None:
    """The ticket of which this is to be a part, if the person may change it."""
    wanted = record_id(request.POST.get("parent") or request.GET.get("parent", ""))
    rows = Ticket.objects.visible_to(request.actor, "edit").open()
    return rows.filter(pk=wanted).first() if wanted is not None else None


def _form(
    request: PersonRequest, kind: Kind, form: RecordForm, refusal: str = "", status: int = 200
) -> HttpResponse:
    about = {
        "kind": kind,
        "sections": form.sections,
        "refusal": refusal,
        "channels": [(each.value, each.label) for each in BY_HAND],
        "channel": request.POST.get("channel", Ticket.Channel.PHONE),
        "text": request.POST.get("text", ""),
        "minutes": request.POST.get("minutes", ""),
        "take": request.POST.get("take", "") == "1",
        "parent": _parent(request),
    }
    return render(request, "service/new.html", about, status=status)
