"""The records before and after one in the list that the person came from, and its place in that list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import QueryDict

from kezhi.records import Kind
from kezhi.web.records.access import asking
from kezhi.web.requests import PersonRequest
from kezhi.workbench.counting import CAP
from kezhi.workbench.filtering import Filter
from kezhi.workbench.list_query import LONGEST_QUERY, ListQuery, NoSuchView


@dataclass(frozen=True, slots=True)
class Neighbours:
    """`list_url` is the list itself; previous and next are addresses, empty at its ends.

    `position_url` answers the place, such as 2 / 14: it counts, so it is asked for when the page is there.
    """

    list_url: str
    previous: str
    next: str
    position_url: str


def of(request: PersonRequest, kind: Kind, pk: int) -> Neighbours | None:
    """None for who came from elsewhere, or when the record isn't in that list any more."""
    found = _list(request, kind, _query(request, kind))
    if found is None:
        return None
    wanted, filtered, rows = found
    assert filtered.order is not None
    before, after = filtered.order.beside(rows, pk)
    if before is None and after is None:
        return None
    within = urlencode({"in": urlencode(wanted.pairs())})

    def address(neighbour: int | None, path: str = "") -> str:
        return f"/{kind.address}/{neighbour}/{path}?{within}" if neighbour is not None else ""

    return Neighbours(wanted.url(), address(before), address(after), address(pk, "position/"))


def position(request: PersonRequest, kind: Kind, pk: int) -> tuple[int, str] | None:
    """The place in the list, from 1, and how many there are; None beyond what is counted."""
    found = _list(request, kind, request.GET.get("in"))
    if found is None:
        return None
    _wanted, filtered, rows = found
    assert filtered.order is not None
    ahead = filtered.order.ahead_of(rows, pk, CAP)
    if ahead is None or ahead >= CAP:
        return None
    total = rows.order_by()[: CAP + 1].count()
    return ahead + 1, f"{CAP:,}+" if total > CAP else f"{total:,}"


def _list(
    request: PersonRequest, kind: Kind, query: str | None
) -> tuple[ListQuery, Filter, Any] | None:
    if query is None:
        return None
    try:
        wanted = ListQuery.read(kind, QueryDict(query[:LONGEST_QUERY]), request.actor)
    except NoSuchView:
        return None
    shape = wanted.shape
    filtered = Filter.of(
        kind, asking(request), conditions=shape.conditions, text=shape.text, sort=shape.sort
    )
    if filtered.order is None or filtered.problems:
        return None
    return wanted, filtered, filtered.apply(kind.visible_to(request.actor))


def _query(request: PersonRequest, kind: Kind) -> str | None:
    """The list's query: in our own address, or in that of the page before."""
    if "in" in request.GET:
        return request.GET["in"]
    try:
        came_from = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return None
    is_list = came_from.path == f"/{kind.address}/"
    if came_from.netloc != request.get_host() or not is_list:
        return None
    return came_from.query
