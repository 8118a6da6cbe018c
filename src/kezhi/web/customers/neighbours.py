"""The customers before and after this one in the list that the person came from."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from django.http import QueryDict

from kezhi.customers.models import Customer
from kezhi.records import registry
from kezhi.web.records.access import asking
from kezhi.web.requests import PersonRequest
from kezhi.workbench.filtering import Filter
from kezhi.workbench.list_query import LONGEST_QUERY, ListQuery, NoSuchView


@dataclass(frozen=True, slots=True)
class Neighbours:
    """`list_url` is the list itself; previous and next are addresses, empty at its ends."""

    list_url: str
    previous: str
    next: str


def of(request: PersonRequest, customer: Customer) -> Neighbours | None:
    """None for who came from elsewhere, or when the customer isn't in that list any more."""
    query = _query(request)
    if query is None:
        return None
    kind = registry["customer"].seen_by(request.actor)
    try:
        wanted = ListQuery.read(kind, QueryDict(query), request.actor)
    except NoSuchView:
        return None
    shape = wanted.shape
    found = Filter.of(
        kind, asking(request), conditions=shape.conditions, text=shape.text, sort=shape.sort
    )
    if found.order is None or found.problems:
        return None
    rows = found.apply(kind.visible_to(request.actor))
    before, after = found.order.beside(rows, customer.pk)
    if before is None and after is None:
        return None
    within = urlencode({"in": urlencode(wanted.pairs())})

    def address(pk: int | None) -> str:
        return f"/{kind.address}/{pk}/?{within}" if pk is not None else ""

    return Neighbours(wanted.url(), address(before), address(after))


def _query(request: PersonRequest) -> str | None:
    """The list's query: in our own address, or in that of the page before."""
    if "in" in request.GET:
        return request.GET["in"][:LONGEST_QUERY]
    try:
        came_from = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return None
    is_list = came_from.path == f"/{registry['customer'].address}/"
    if came_from.netloc != request.get_host() or not is_list:
        return None
    return came_from.query[:LONGEST_QUERY]
