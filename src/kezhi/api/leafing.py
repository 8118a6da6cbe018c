"""Rows that are no records of a kind (words, clocks, runs), page by page in the order of their ids."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from kezhi.api.calling import Call
from kezhi.api.problems import Problem
from kezhi.api.taking import take
from kezhi.core.ids import record_id

MOST = 200
PARAMETERS = ("after", "limit")


@dataclass(frozen=True, slots=True)
class Leaf:
    """`next` is what `after` says for the next page; None on the last one."""

    rows: list[Any]
    next: int | None


def leafed(
    call: Call, rows: Any, further: Collection[str] = (), *, is_newest_first: bool = False
) -> Leaf:
    """The rows after the id in `?after=`, at most `?limit=` of them; they count towards the day's quota."""
    only_parameters(call, *PARAMETERS, *further)
    after, limit = after_of(call), limit_of(call)
    if after is not None:
        rows = rows.filter(pk__lt=after) if is_newest_first else rows.filter(pk__gt=after)
    return leaf_of(call, rows.order_by("-pk" if is_newest_first else "pk")[: limit + 1], limit)


def leaf_of(call: Call, rows: Iterable[Any], limit: int) -> Leaf:
    """A page of rows that are in their order and begin where it does; one more than fits tells of the next."""
    found = list(rows)
    page = found[:limit]
    take(len(page), call)
    return Leaf(page, page[-1].pk if len(found) > limit else None)


def after_of(call: Call) -> int | None:
    """The id of the row where the page before ended."""
    if "after" not in call.request.GET:
        return None
    after = record_id(call.parameter("after"))
    if after is None:
        raise Problem("bad-request", _("after is the id of the row before."))
    return after


def id_of(call: Call, name: str) -> int | None:
    """An id that narrows the list; None where it isn't asked by."""
    if name not in call.request.GET:
        return None
    found = record_id(call.parameter(name))
    if found is None:
        raise Problem("bad-request", _("%(name)s is an id.") % {"name": name})
    return found


def one_of(call: Call, name: str, keys: Collection[str]) -> str:
    """One of the keys, or empty where it isn't asked by."""
    said = call.parameter(name)
    if said and said not in keys:
        raise Problem(
            "bad-request",
            _("%(name)s is one of: %(keys)s.") % {"name": name, "keys": ", ".join(keys)},
        )
    return said


def limit_of(call: Call) -> int:
    """How many rows the caller wants of a page."""
    limit = record_id(call.parameter("limit", "50"))
    if limit is None or not 1 <= limit <= MOST:
        raise Problem("bad-request", _("limit is a number from 1 to %(most)d.") % {"most": MOST})
    return limit


def only_parameters(call: Call, *known: str) -> None:
    """A parameter that nobody knows is told, not passed over."""
    for name in call.request.GET:
        if name not in known:
            raise Problem(
                "bad-request", _("There is no parameter “%(name)s” here.") % {"name": name[:60]}
            )
