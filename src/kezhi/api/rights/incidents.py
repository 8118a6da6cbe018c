"""Incidents for programs: reported, closed, and whose data was seen within the window."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.api.calling import Call, answered
from kezhi.api.leafing import limit_of, only_parameters
from kezhi.api.members import Member, at, editing, on, words, yes
from kezhi.api.problems import Problem
from kezhi.api.records import done, visible
from kezhi.api.taking import take
from kezhi.core.ids import record_id
from kezhi.rights.breaches import affected, affected_rows, note_breach_export
from kezhi.rights.registering import close_incident, report_incident

ACTIONS = (
    editing(
        "report",
        gettext_lazy("The authority was told, and the people if so"),
        at(report_incident, "told_people"),
        told_people=Member(yes, {"type": "boolean"}, is_required=True),
    ),
    editing(
        "closure",
        gettext_lazy("Close it with what was learnt"),
        on(close_incident, "lessons"),
        lessons=words(4_000, is_required=True),
    ),
)


def counts(call: Call) -> HttpResponse:
    """How many records of which kind were seen within the window, and by how many people."""
    only_parameters(call)
    incident = visible(call, call.kind("incident"))
    found = affected(incident)
    take(len(found), call)
    return answered(
        {
            "items": [
                {
                    "kind": each.kind,
                    "name": each.label,
                    "records": each.records,
                    "people_who_saw": each.people_who_saw,
                }
                for each in found
            ]
        }
    )


def listed(call: Call) -> HttpResponse:
    """Who is affected, one by one; that somebody took this out is in the log, page by page."""
    only_parameters(call, "cursor", "limit")
    incident = visible(call, call.kind("incident"))
    limit, after = limit_of(call), _after(call.parameter("cursor"))
    done(lambda: note_breach_export(incident, actor=call.actor))
    rows = list(affected_rows(incident, after, limit + 1))
    page = rows[:limit]
    take(len(page), call)
    names = ("kind", "id", "name", "people_who_saw")
    items: list[dict[str, Any]] = [
        {
            **dict(zip(names, row, strict=False)),
            "from": row[4].isoformat(),
            "until": row[5].isoformat(),
        }
        for row in page
    ]
    following = f"{page[-1][0]}:{page[-1][1]}" if len(rows) > limit else None
    return answered({"items": items, "next": following})


def _after(cursor: str) -> tuple[str, int]:
    """Kind and id of the last of the page before."""
    if not cursor:
        return "", 0
    kind, _colon, said = cursor.partition(":")
    pk = record_id(said)
    if pk is None or len(kind) > 60:
        raise Problem("bad-request", _("This isn’t a cursor of this list."))
    return kind, pk
