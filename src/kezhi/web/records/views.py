"""Views saved, changed and deleted."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Kind, registry
from kezhi.web.records.access import asking, of_kind
from kezhi.web.records.listing import counted
from kezhi.web.records.lists import opened
from kezhi.web.requests import PersonRequest, must_may
from kezhi.workbench.counting import GLANCE, count
from kezhi.workbench.filtering import Filter
from kezhi.workbench.list_query import Shape
from kezhi.workbench.models import SavedView
from kezhi.workbench.saving_views import (
    audience_of,
    audiences,
    change_view,
    delete_view,
    pinned_views,
    save_view,
)


@require_http_methods(["GET", "POST"])
@of_kind
def create(request: PersonRequest, kind: Kind) -> HttpResponse:
    """The list in the address kept under a name: POST name, audience, is_pinned."""
    must_may(request, "create", "view")
    listing = opened(request, kind)
    typed = _typed(request)
    if request.method == "GET" or listing.problems:
        return _page(request, kind, typed, listing=listing)
    try:
        view = save_view(kind, shape=listing.query.shape, actor=request.actor, **typed)
    except NotAllowed:
        raise
    except Refused as refusal:
        return _page(request, kind, typed, listing=listing, refusal=str(refusal), status=422)
    messages.success(request, _("The view “%(name)s” is saved") % {"name": view.name})
    return HttpResponseRedirect(_address(kind, view))


@require_http_methods(["GET", "POST"])
@of_kind
def change(request: PersonRequest, kind: Kind, view: int) -> HttpResponse:
    """Name, audience and pin of a view."""
    saved = _own(request, kind, view)
    if request.method == "GET":
        typed = {
            "name": saved.name,
            "audience": audience_of(saved, request.actor),
            "is_pinned": saved.is_pinned,
        }
        return _page(request, kind, typed, saved)
    typed = _typed(request)
    try:
        change_view(saved, typed, actor=request.actor)
    except NotAllowed:
        raise
    except Refused as refusal:
        return _page(request, kind, typed, saved, refusal=str(refusal), status=422)
    messages.success(request, _("The view “%(name)s” is saved") % {"name": typed["name"]})
    return HttpResponseRedirect(_address(kind, saved))


@require_POST
@of_kind
def reshape(request: PersonRequest, kind: Kind, view: int) -> HttpResponse:
    """Keep in the view what the list in the address shows now."""
    saved = _own(request, kind, view)
    listing = opened(request, kind)
    if listing.problems:
        return HttpResponseRedirect(listing.query.url())
    try:
        change_view(saved, {"shape": listing.query.shape}, actor=request.actor)
    except NotAllowed:
        raise
    except Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(listing.query.url())
    messages.success(request, _("The view “%(name)s” is saved") % {"name": saved.name})
    return HttpResponseRedirect(_address(kind, saved))


@require_POST
@of_kind
def remove(request: PersonRequest, kind: Kind, view: int) -> HttpResponse:
    saved = _own(request, kind, view)
    name = saved.name
    delete_view(saved, actor=request.actor)
    messages.success(request, _("The view “%(name)s” is deleted") % {"name": name})
    return HttpResponseRedirect(f"/{kind.address}/")


@require_safe
def pinned(request: PersonRequest) -> HttpResponse:
    """How many records each pinned view finds, for the navigation: counted after the page, kept a minute."""
    counts = {}
    for view, _path in pinned_views(request.actor):
        key = f"pinned.{request.actor.pk}.{view.pk}.{crc32(view.query.encode())}"
        counts[view.pk] = cache.get_or_set(key, lambda view=view: _counted(request, view), 60)
    return render(request, "records/_pinned.html", {"counts": counts})


def _counted(request: PersonRequest, view: SavedView) -> str:
    kind = registry[view.kind].seen_by(request.actor)
    shape = Shape.of_saved(kind, view)
    found = Filter.of(
        kind, asking(request), conditions=shape.conditions, text=shape.text, sort=shape.sort
    )
    if found.problems:  # it asks for something that this person doesn't see
        return ""
    return counted(count(found.apply(kind.visible_to(request.actor)), GLANCE))


def _own(request: PersonRequest, kind: Kind, pk: int) -> SavedView:
    """404 for a view that the person doesn't see, 403 for one that they see but may not change."""
    seen = SavedView.objects.visible_to(request.actor).filter(kind=kind.name, pk=pk)
    changeable = SavedView.objects.visible_to(request.actor, "edit").filter(kind=kind.name, pk=pk)
    view: SavedView | None = changeable.first()
    if view is None:
        if seen.exists():
            raise PermissionDenied
        raise Http404
    return view


def _typed(request: PersonRequest) -> dict[str, Any]:
    return {
        "name": request.POST.get("name", "")[:200],
        "audience": request.POST.get("audience", SavedView.Audience.PRIVATE.value),
        "is_pinned": "is_pinned" in request.POST,
    }


def _page(
    request: PersonRequest,
    kind: Kind,
    typed: dict[str, Any],
    saved: SavedView | None = None,
    *,
    listing: Any = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    about = {
        "kind": kind,
        "saved": saved,
        "typed": typed,
        "listing": listing,
        "refusal": refusal,
        "audiences": audiences(request.actor, saved),
        "action": listing.query.url("views/new/") if listing else request.path,
        "back": listing.query.url() if listing else _address(kind, saved),
    }
    return render(request, "records/view.html", about, status=status)


def _address(kind: Kind, view: SavedView | None) -> str:
    return f"/{kind.address}/" + (f"?view={view.pk}" if view else "")
