"""A segment renamed, frozen, let live again, deleted."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.core import queue
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.core.saying import Told
from kezhi.customers.models import Segment
from kezhi.customers.reading_segments import members
from kezhi.customers.segmenting import (
    Wording,
    audiences,
    change_segment,
    delete_segment,
    freeze_segment,
    thaw_segment,
)
from kezhi.web.records.access import asking
from kezhi.web.requests import PersonRequest
from kezhi.web.segments.access import segment_of
from kezhi.web.segments.making import typed
from kezhi.workbench.counting import count


@require_http_methods(["GET", "POST"])
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    """POST name, description, audience and the version that was read."""
    segment = segment_of(request, pk, "edit")
    if request.method == "GET":
        wording = Wording(segment.name, segment.description, segment.audience)
        return _page(request, segment, wording)
    sent = request.POST.get("version", "")
    version = int(sent) if sent.isascii() and sent.isdecimal() and len(sent) < 10 else None
    try:
        change_segment(segment, typed(request), actor=request.actor, version=version)
    except NotAllowed:
        raise
    except EditConflict as conflict:
        return _page(request, segment, typed(request), str(conflict), 409)
    except Refused as refusal:
        return _page(request, segment, typed(request), str(refusal), 422)
    return HttpResponseRedirect(reverse("segment", args=[pk]))


@require_POST
def freeze(request: PersonRequest, pk: int) -> HttpResponse:
    """Keep as members those whom the filter finds now; a large segment as a job that can be watched."""
    segment = segment_of(request, pk, "edit")
    asked = asking(request)
    try:
        live = Segment(pk=segment.pk, conditions=segment.conditions, text=segment.text)
        if count(members(live, asked)).is_capped:
            title = Told(gettext_lazy("Freeze “%(name)s”"), name=segment.name)
            queue.start("segments.freeze", title, actor=request.actor, segment=segment.pk)
            messages.success(request, _("The members are being kept; this takes a moment"))
        else:
            freeze_segment(segment, actor=request.actor, on=request.today, asking=asked)
    except NotAllowed:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal))
    return HttpResponseRedirect(reverse("segment", args=[pk]))


@require_POST
def thaw(request: PersonRequest, pk: int) -> HttpResponse:
    segment = segment_of(request, pk, "edit")
    try:
        thaw_segment(segment, actor=request.actor)
    except NotAllowed:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal))
    return HttpResponseRedirect(reverse("segment", args=[pk]))


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    segment = segment_of(request, pk, "delete")
    try:
        delete_segment(segment, actor=request.actor)
    except NotAllowed:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("segment", args=[pk]))
    messages.success(request, _("The segment “%(name)s” is deleted") % {"name": segment.name})
    return HttpResponseRedirect(reverse("segments"))


def _page(
    request: PersonRequest, segment: Segment, wording: Wording, refusal: str = "", status: int = 200
) -> HttpResponse:
    about = {
        "segment": segment,
        "typed": wording,
        "audiences": audiences(request.actor),
        "refusal": refusal,
    }
    return render(request, "segments/edit.html", about, status=status)
