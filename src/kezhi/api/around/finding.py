"""Search across kinds: what was found of each, as far as the program sees it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.api.calling import Call, answered
from kezhi.api.leafing import only_parameters
from kezhi.api.problems import Problem
from kezhi.api.taking import take
from kezhi.api.writing import Writer
from kezhi.core.ids import record_id
from kezhi.records import registry
from kezhi.workbench.searching import Group, find

LONGEST = 200
MOST = 20
USUAL = 5


def search(call: Call) -> HttpResponse:
    """`?q=` in all kinds that the program reads, or those named in `?kinds=`; the best of each first."""
    only_parameters(call, "q", "kinds", "limit")
    text = call.parameter("q").strip()
    if not 0 < len(text) <= LONGEST:
        raise Problem("bad-request", _("q has 1 to %(most)d characters.") % {"most": LONGEST})
    found = find(text, by=call.actor, kinds=_kinds(call), most=_limit(call))
    groups = [_group(call, each) for each in found.groups]
    return answered({"items": groups, "there_are_more": found.is_capped})


def _group(call: Call, group: Group) -> dict[str, Any]:
    kind = call.kind(group.kind.name)
    ids = [place.pk for place in group.places]
    rows = kind.visible_to(call.actor).select_related(*kind.select_related).filter(pk__in=ids)
    records = sorted(rows, key=lambda row: ids.index(row.pk))
    names = [name for name in dict.fromkeys((kind.title, *kind.subtitle)) if name in kind]
    writer = Writer(kind, [kind.field(name) for name in names])
    writer.attach(records, call)
    take(len(records), call)
    return {
        "kind": kind.name,
        "found": group.count,
        "records": [writer.write(each) for each in records],
    }


def _kinds(call: Call) -> list[str]:
    readable = [kind.name for kind in registry if call.actor.may("read", kind.name)]
    asked = call.parameter("kinds")
    if not asked:
        return readable
    named = asked.split(",")
    if unknown := [name for name in named if name not in readable]:
        raise Problem(
            "bad-request", _("There is no kind “%(name)s” here.") % {"name": unknown[0][:60]}
        )
    return named


def _limit(call: Call) -> int:
    limit = record_id(call.parameter("limit", str(USUAL)))
    if limit is None or not 1 <= limit <= MOST:
        raise Problem("bad-request", _("limit is a number from 1 to %(most)d.") % {"most": MOST})
    return limit
