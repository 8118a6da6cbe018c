"""Lists: the pages' filter, order and views, by cursor."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.api.calling import Call, answered
from kezhi.api.problems import Problem, not_found
from kezhi.api.taking import take
from kezhi.api.writing import Writer
from kezhi.records import Field, Kind
from kezhi.workbench.counting import count
from kezhi.workbench.filtering import Filter
from kezhi.workbench.list_query import ListQuery, NoSuchView
from kezhi.workbench.searching import looking_up

PAGE, MOST = 50, 200
PARAMETERS = ("w", "view", "q", "sort", "fields", "limit", "cursor", "count")
LONGEST = 8000


def show(call: Call, kind_name: str) -> HttpResponse:
    """The records that a filter finds, a page of them, and the cursor of the next."""
    kind = call.kind(kind_name)
    _only_known_parameters(call)
    size, fields = _limit(call), chosen_fields(call, kind, kind.columns)
    wanted = _filter(call, kind)
    order = wanted.order
    assert order is not None
    writer = Writer(kind, fields)
    via = order.relation if order.relation in kind.certain else ""
    rows = kind.visible_to(call.actor, via=via)
    cursor = call.parameter("cursor")
    if cursor and not order.is_mine(cursor):
        raise Problem("bad-request", _("This cursor isn’t of this list. Begin without one."))
    needed = writer.needed()
    related = {path.rpartition("__")[0] for path in needed if "__" in path}
    paged = wanted.apply(rows)
    paged = (paged.select_related(*related) if related else paged).only(*needed)
    with looking_up(is_wide=wanted.is_wide) if wanted.text else nullcontext():
        page = order.page(paged, after=cursor, size=size)
    writer.attach(page.rows, call)
    content: dict[str, Any] = {
        "items": [writer.write(record) for record in page.rows],
        "next": page.next or None,
    }
    if call.flag("count"):
        found = count(wanted.apply(kind.visible_to(call.actor)))
        content |= {"count": found.count, "count_is_capped": found.is_capped}
    take(len(page.rows), call)
    return answered(content)


def chosen_fields(call: Call, kind: Kind, default: Any) -> list[Field]:
    """Those of `fields=`, all for `*`, else the default ones; the one that names a record is always there."""
    said = call.parameter("fields")
    if said == "*":
        return list(kind.fields)
    names = said.split(",") if said else [kind.title, *default]
    unknown = [name for name in names if name not in kind]
    if unknown:
        raise Problem(
            "bad-request", _("There is no field “%(name)s” here.") % {"name": unknown[0][:60]}
        )
    return [kind.field(name) for name in dict.fromkeys(names)]


def _only_known_parameters(call: Call) -> None:
    # A misspelt filter must not give everything.
    for name in call.request.GET:
        if name not in PARAMETERS:
            raise Problem(
                "bad-request", _("There is no parameter “%(name)s” here.") % {"name": name[:60]}
            )


def _limit(call: Call) -> int:
    said = call.parameter("limit", str(PAGE))
    number = int(said) if said.isascii() and said.isdecimal() and len(said) < 4 else 0
    if not 1 <= number <= MOST:
        raise Problem("bad-request", _("limit is a number from 1 to %(most)d.") % {"most": MOST})
    return number


def _filter(call: Call, kind: Kind) -> Filter:
    query = call.request.GET.copy()
    if sum(len(entry) for entry in query.getlist("w")) > LONGEST:
        raise Problem("bad-request", _("The filter is too long."))
    if "view" not in query and "w" not in query:
        query["w"] = ""  # a list of the API has no view that nobody asked for
    try:
        shape = ListQuery.read(kind, query, call.actor).shape
        wanted = Filter.of(
            kind, call.asking, conditions=shape.conditions, text=shape.text, sort=shape.sort
        )
    except NoSuchView as error:
        raise not_found() from error
    except BadRequest as error:
        raise Problem("bad-request", _("The filter asks too much at once.")) from error
    if wanted.problems or wanted.order is None:
        errors = [("", said) for said in wanted.problems]
        raise Problem("bad-request", _("The filter or order can’t be used."), errors=errors)
    return wanted
