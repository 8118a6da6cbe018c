"""Segments made from the list of customers, or from rows that were selected there."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.core.ids import record_id, record_ids
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer, Segment
from kezhi.customers.segmenting import (
    MOST_CHOSEN,
    Wording,
    add_members,
    audiences,
    create_segment,
    refilter_segment,
    remove_members,
)
from kezhi.records import registry
from kezhi.web.records.access import asking
from kezhi.web.records.listing import Listing
from kezhi.web.records.lists import opened
from kezhi.web.requests import PersonRequest, must_may
from kezhi.web.segments.access import segment_of


@require_http_methods(["GET", "POST"])
def create(request: PersonRequest) -> HttpResponse:
    """The list of customers in the address as a segment: POST name, description, audience, or `into`."""
    must_may(request, "create", "segment")
    must_may(request, "read", "customer")
    listing = opened(request, registry["customer"].seen_by(request.actor))
    if request.method == "GET" or listing.problems:
        return _page(request, listing, status=422 if listing.problems else 200)
    shape = listing.query.shape
    try:
        into = _chosen(request)
        if into is not None:
            segment = refilter_segment(
                into,
                shape.conditions,
                text=shape.text,
                actor=request.actor,
                asking=asking(request),
            )
        else:
            segment = create_segment(
                typed(request),
                conditions=shape.conditions,
                text=shape.text,
                actor=request.actor,
                on=request.today,
                asking=asking(request),
            )
    except NotAllowed:
        raise
    except Refused as refusal:
        return _page(request, listing, str(refusal), 422)
    messages.success(request, _("The segment “%(name)s” is saved") % {"name": segment.name})
    return HttpResponseRedirect(reverse("segment", args=[segment.pk]))


@require_POST
def select(request: PersonRequest) -> HttpResponse:
    """POST `selected` customers, or `all` of the list in the address: asks what to do, and with `do` does it.

    `do` is create (a frozen segment of them), add or remove (of the segment `into`).
    """
    must_may(request, "create", "segment")
    must_may(request, "read", "customer")
    ids, is_too_many = _selected(request)
    if not ids:
        messages.error(request, _("Nothing is selected."))
        return HttpResponseRedirect("/customers/")
    deed, refusal = request.POST.get("do", ""), ""
    if is_too_many:
        refusal = _("At most %(count)d customers at once.") % {"count": MOST_CHOSEN}
        refusal = f"{refusal} {_('Save the filter as a segment instead, and freeze it.')}"
    elif deed:
        try:
            return _put(request, deed, ids)
        except NotAllowed:
            raise
        except Refused as reason:
            refusal = str(reason)
    about = {
        "ids": ids[:MOST_CHOSEN],
        "typed": typed(request),
        "audiences": audiences(request.actor),
        "frozen": _own(request).filter(is_frozen=True),
        "refusal": refusal,
        "is_too_many": is_too_many,
    }
    return render(request, "segments/selection.html", about, status=422 if refusal else 200)


def _put(request: PersonRequest, deed: str, ids: list[int]) -> HttpResponse:
    actor, today = request.actor, request.today
    if deed == "create":
        segment = create_segment(
            typed(request), chosen=ids, actor=actor, on=today, asking=asking(request)
        )
        told = _("The segment “%(name)s” is saved") % {"name": segment.name}
    else:
        into = _chosen(request)
        if into is None:
            raise Refused(_("Choose a segment."))
        segment = into
        change, words = (
            (remove_members, _("Taken out of “%(name)s”: %(count)s"))
            if deed == "remove"
            else (add_members, _("Added to “%(name)s”: %(count)s"))
        )
        changed = change(segment, ids, actor=actor, on=today)
        counted = ngettext("%(count)d customer", "%(count)d customers", changed)
        told = words % {"name": segment.name, "count": counted % {"count": changed}}
    messages.success(request, told)
    return HttpResponseRedirect(reverse("segment", args=[segment.pk]))


def _selected(request: PersonRequest) -> tuple[list[int], bool]:
    if "all" in request.POST:
        listing = opened(request, registry["customer"].seen_by(request.actor))
        found = listing.matches().order_by("pk").values_list("pk", flat=True)[: MOST_CHOSEN + 1]
    else:
        chosen = record_ids(request.POST.getlist("selected")[: MOST_CHOSEN + 1])
        rows = Customer.objects.visible_to(request.actor).filter(pk__in=chosen)
        found = rows.order_by("pk").values_list("pk", flat=True)
    ids = list(found)
    return ids, len(ids) > MOST_CHOSEN


def _chosen(request: PersonRequest) -> Segment | None:
    """The segment named by `into`, which the person may change; None for a new one."""
    into = request.POST.get("into", "")
    if not into:
        return None
    pk = record_id(into)
    if pk is None:
        raise Refused(_("Choose a segment."))
    return segment_of(request, pk, "edit")


def typed(request: PersonRequest) -> Wording:
    return Wording(
        request.POST.get("name", "")[:200],
        request.POST.get("description", "")[:2000],
        request.POST.get("audience", Segment.Audience.PRIVATE.value),
    )


def _own(request: PersonRequest) -> Any:
    return Segment.objects.visible_to(request.actor, "edit").order_by("name")


def _page(
    request: PersonRequest, listing: Listing, refusal: str = "", status: int = 200
) -> HttpResponse:
    about = {
        "listing": listing,
        "typed": typed(request),
        "into": request.POST.get("into", request.GET.get("into", "")),
        "audiences": audiences(request.actor),
        "known": _own(request)[:200],
        "problems": [*([refusal] if refusal else []), *listing.problems],
        "action": f"{reverse('segment-new')}?{request.GET.urlencode()}",
    }
    return render(request, "segments/new.html", about, status=status)
