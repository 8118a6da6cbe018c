"""The list of any kind of record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kezhi.dataio import registry as dataio
from kezhi.records import Kind
from kezhi.web.records.access import of_kind
from kezhi.web.records.filter_form import condition_of, form_of
from kezhi.web.records.grouping import groups_for
from kezhi.web.records.listing import Listing
from kezhi.web.requests import PersonRequest
from kezhi.workbench.list_query import ListQuery, NoSuchView

# By kind, what must be known above its list: a title, more words, and where to go; areas add their own.
NOTES: dict[str, list[Callable[[PersonRequest], list[tuple[str, str, str]]]]] = {}


@require_safe
@of_kind
def show(request: PersonRequest, kind: Kind) -> HttpResponse:
    """The list, or its rows alone while somebody types into the search box."""
    listing = opened(request, kind)
    if canonical := _without_forms(request, listing.query):
        return HttpResponseRedirect(canonical)
    # 422: some filter can't be used. The page says which, and shows no rows rather than wrong ones.
    status = 422 if listing.problems else 200
    about = context(request, listing)
    if request.htmx and request.htmx.target == "results":
        return render(request, "records/_results.html", about, status=status)
    about["notes"] = [note for tell in NOTES.get(kind.name, ()) for note in tell(request)]
    return render(request, "records/list.html", about, status=status)


@require_safe
@of_kind
def totals(request: PersonRequest, kind: Kind) -> HttpResponse:
    """The foot of the table: count and sums, asked for when the rows are there."""
    listing = opened(request, kind)
    return render(request, "records/_totals.html", {"listing": listing, "kind": kind})


@require_safe
@of_kind
def tabs(request: PersonRequest, kind: Kind) -> HttpResponse:
    """The views with their counts."""
    listing = opened(request, kind)
    about = {"listing": listing, "kind": kind, "tabs": listing.tabs(with_counts=True)}
    return render(request, "records/_tabs.html", about)


@require_safe
@of_kind
def columns(request: PersonRequest, kind: Kind) -> HttpResponse:
    """Which columns the list shows: inside its menu, or as a page without script."""
    return _chooser(request, kind, "columns")


@require_safe
@of_kind
def sorting(request: PersonRequest, kind: Kind) -> HttpResponse:
    """By what the list can be sorted: inside its menu, or as a page without script."""
    return _chooser(request, kind, "sorting")


@require_safe
@of_kind
def grouping(request: PersonRequest, kind: Kind) -> HttpResponse:
    """By what the rows can be put together: inside its menu, or as a page without script."""
    return _chooser(request, kind, "grouping")


def _chooser(request: PersonRequest, kind: Kind, name: str) -> HttpResponse:
    listing = opened(request, kind)
    about = {
        "listing": listing,
        "kind": kind,
        "query": listing.query,
        "groups": groups_for(listing),
    }
    return render(request, f"records/{'_' if request.htmx else ''}{name}.html", about)


@require_safe
@of_kind
def filter_step(request: PersonRequest, kind: Kind) -> HttpResponse:
    """The filter form after the field or the comparison was chosen."""
    listing = opened(request, kind)
    about = {"listing": listing, "kind": kind, "form": form_of(request, kind, listing.query)}
    return render(request, "records/_filter_form.html", about)


def opened(request: PersonRequest, kind: Kind) -> Listing:
    try:
        return Listing(request, kind)
    except NoSuchView as error:
        raise Http404 from error


def context(request: PersonRequest, listing: Listing) -> dict[str, Any]:
    kind, actor = listing.kind, request.actor
    saved = listing.query.saved
    return {
        "kind": kind,
        "listing": listing,
        "tabs": listing.tabs(),
        "form": form_of(request, kind, listing.query),
        "with_totals": "totals" in request.GET,
        "may_create": kind.create is not None and actor.may("create", kind.name),
        "may_import": kind.name in dataio.kinds() and actor.may("import", kind.name),
        "may_export": actor.may("export", kind.name),
        "may_save_view": actor.may("create", "view"),
        "owns_view": saved is not None and saved.owner_id == actor.pk,
    }


def _without_forms(request: PersonRequest, query: ListQuery) -> str:
    """Where to go when a form of the page (filter, columns) was sent: the address that says the same."""
    if "show" in request.GET:
        wanted = [name for name in request.GET.getlist("show") if name in query.kind]
        return query.showing(_moved(list(dict.fromkeys(wanted)), request.GET)).url()
    if "apply" not in request.GET:
        return ""
    condition = condition_of(request.GET)
    if condition is None:
        return ""
    at = request.GET.get("replace", "")
    if at.isdecimal() and int(at[:4]) < len(query.shape.conditions):
        conditions = list(query.shape.conditions)
        conditions[int(at[:4])] = condition
        return query.only(dict.fromkeys(conditions)).url()
    return query.adding(condition).url()


def _moved(names: list[str], said: QueryDict) -> list[str]:
    """With the column that a button moves one place further left or right; the first one names the record."""
    for button, step in (("up", -1), ("down", 1)):
        name = said.get(button, "")
        if name in names[1:]:
            at = names.index(name)
            to = min(max(at + step, 1), len(names) - 1)
            names.insert(to, names.pop(at))
    return names
