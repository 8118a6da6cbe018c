"""The search page: everything that was found, by kind; works by address alone."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from kezhi.records import Kind, registry
from kezhi.web.requests import PersonRequest
from kezhi.web.search.hits import Section, nearly, sections
from kezhi.workbench.searching import filling, find
from kezhi.workbench.searching.finding import FENCE
from kezhi.workbench.searching.likeness import similar
from kezhi.workbench.searching.wording import LONGEST_TYPED

MOST = 5
PAGE = 25


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?q=` finds in all kinds; with `kind=` one of them, page by page."""
    text = request.GET.get("q", "")[:LONGEST_TYPED].replace("\0", "").strip()
    kind = _kind(request)
    about = {"text": text, "kind": kind, "most": MOST, "is_behind": filling.is_behind()}
    about |= _of_kind(request, text, kind) if kind is not None else _of_all(request, text)
    return render(request, "search/page.html", about)


def _of_all(request: PersonRequest, text: str) -> dict[str, Any]:
    found = find(text, by=request.actor, most=MOST, is_thorough=True)
    made = sections(request, found)
    near: list[Section] = []
    if text and not made:
        kinds = [k.seen_by(request.actor) for k in registry if request.actor.may("read", k.name)]
        near = nearly(request, similar(text, by=request.actor), kinds)
    return {
        "sections": made,
        "similar": near,
        "total": found.total,
        "is_capped": found.is_capped,
        "creatable": creatable(request),
        "previous_url": "",
        "next_url": "",
        "first": 1,
    }


def _of_kind(request: PersonRequest, text: str, kind: Kind) -> dict[str, Any]:
    number = request.GET.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 1
    page = max(1, min(page, FENCE // PAGE))
    found = find(
        text,
        by=request.actor,
        kinds=[kind.name],
        most=PAGE,
        skip=(page - 1) * PAGE,
        is_thorough=True,
    )
    made = sections(request, found)
    has_more = page * PAGE < min(found.total, FENCE)
    return {
        "sections": made,
        "similar": [],
        "total": found.total,
        "is_capped": found.is_capped,
        "creatable": None,
        "previous_url": _url(text, kind, page - 1) if page > 1 else "",
        "next_url": _url(text, kind, page + 1) if has_more else "",
        "first": (page - 1) * PAGE + 1,
    }


def _kind(request: PersonRequest) -> Kind | None:
    name = request.GET.get("kind", "")
    if not name:
        return None
    if name not in registry or not request.actor.may("read", name):
        raise Http404
    return registry[name].seen_by(request.actor)


def _url(text: str, kind: Kind, page: int) -> str:
    return reverse("search", query={"q": text, "kind": kind.name, "page": str(page)})


def creatable(request: PersonRequest) -> Kind | None:
    """The kind that is offered to be created under the name that wasn't found."""
    kind = registry["customer"]
    may = kind.create is not None and request.actor.may("create", kind.name)
    return kind if may else None
