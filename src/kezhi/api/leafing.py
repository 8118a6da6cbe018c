"""Rows beside a record (its words, its clocks), page by page in the order in which they were written."""

from __future__ import annotations

from collections.abc import Collection
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


def leafed(call: Call, rows: Any, further: Collection[str] = ()) -> Leaf:
    """The rows after the id in `?after=`, at most `?limit=` of them; they count towards the day's quota."""
    only_parameters(call, *PARAMETERS, *further)
    after = record_id(call.parameter("after", "0"))
    limit = limit_of(call)
    if after is None:
        raise Problem("bad-request", _("after is the id of the row before."))
    found = list(rows.filter(pk__gt=after).order_by("pk")[: limit + 1])
    page = found[:limit]
    take(len(page), call)
    return Leaf(page, page[-1].pk if len(found) > limit else None)


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
