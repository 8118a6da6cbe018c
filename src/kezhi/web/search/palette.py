"""The command palette's list: recent records and commands, then what is typed for."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from kezhi.core.ids import record_id
from kezhi.records import registry
from kezhi.web.requests import PersonRequest
from kezhi.web.search.commands import matching
from kezhi.web.search.hits import Section, hits, nearly, sections
from kezhi.web.search.page import creatable
from kezhi.workbench.searching import Place, find
from kezhi.workbench.searching.likeness import similar
from kezhi.workbench.searching.wording import LONGEST_TYPED

MOST = 5
MOST_HITS = 12
MOST_RECENT = 5


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """The options; an address typed by hand leads to the page that says the same."""
    text = request.GET.get("q", "")[:LONGEST_TYPED].replace("\0", "").strip()
    if not request.htmx:
        return HttpResponseRedirect(reverse("search", query={"q": text} if text else None))
    about: dict[str, Any] = {
        "text": text,
        "commands": matching(request, text),
        "is_first": not text,
    }
    about |= _found(request, text) if text else _recent(request)
    return render(request, "search/_options.html", about)


def _found(request: PersonRequest, text: str) -> dict[str, Any]:
    found = find(text, by=request.actor, most=MOST)
    made = _few(sections(request, found))
    near = [] if made else nearly(request, similar(text, by=request.actor), _kinds(request))
    return {
        "sections": made,
        "similar": near,
        "total": found.total,
        "is_capped": found.is_capped,
        "creatable": None if made else creatable(request),
    }


def _few(made: list[Section]) -> list[Section]:
    """Not more than a glance holds: the best kind keeps its five, the others share the rest."""
    if sum(len(each.hits) for each in made) <= MOST_HITS:
        return made
    each_other = max(1, (MOST_HITS - MOST) // (len(made) - 1))
    return [
        Section(each.kind, each.hits[: MOST if at == 0 else each_other], each.count)
        for at, each in enumerate(made)
    ]


def _kinds(request: PersonRequest) -> list[Any]:
    return [
        kind.seen_by(request.actor) for kind in registry if request.actor.may("read", kind.name)
    ]


def _recent(request: PersonRequest) -> dict[str, Any]:
    """The records that this browser opened last, `customers/12`, as far as they may be seen."""
    made: list[Section] = []
    for part in request.GET.get("recent", "").split(",")[:MOST_RECENT]:
        address, _sep, number = part.partition("/")
        kind, pk = registry.by_address(address), record_id(number)
        if kind is not None and pk is not None and request.actor.may("read", kind.name):
            seen = kind.seen_by(request.actor)
            made.append(Section(seen, hits(request, seen, [Place(kind.name, pk, 0)], None)))
    return {
        "recent": [each for each in made if each.hits],
        "sections": [],
        "similar": [],
        "total": 0,
        "is_capped": False,
        "creatable": None,
    }
