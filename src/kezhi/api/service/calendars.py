"""Business calendars for programs: when a place works, as it is kept, and the days that differ."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.api.calling import Call, answered
from kezhi.api.entries import Wrong, day
from kezhi.api.leafing import leafed, only_parameters
from kezhi.api.members import Member, department, listed, words, yes
from kezhi.api.problems import not_found
from kezhi.api.records import done, etag, expected_version
from kezhi.api.sending import must_be_seen, sent, told_at
from kezhi.core.ids import record_id
from kezhi.service.clocks.business_time import Spans
from kezhi.service.clocks.calendars import (
    LONGEST_REASON,
    MOST_EXCEPTIONS,
    MOST_SPANS,
    InvalidCalendar,
    delete_calendar,
    entries_of,
    read_spans,
    save_calendar,
    spans_json,
)
from kezhi.service.models import BusinessCalendar

WEEKDAYS = 7
PLACES = {
    "name": "/name",
    "time_zone": "/time_zone",
    "weekly": "/weekly",
    "country": "/country",
    "region": "/region",
    "exceptions": "/exceptions",
    "departments": "/departments",
    "is_default": "/is_default",
    "reason": "/reason",
}


def show_all(call: Call) -> HttpResponse:
    """All of them, those out of use too."""
    page = leafed(call, BusinessCalendar.objects.all())
    return answered({"items": [_calendar(each) for each in page.rows], "next": page.next})


def show(call: Call) -> HttpResponse:
    only_parameters(call)
    calendar = _one(call)
    return answered(_calendar(calendar), headers=etag(calendar))


def create(call: Call) -> HttpResponse:
    told = sent(call, CALENDAR)
    saved = _save(call, None, told, {})
    headers = etag(saved) | {"Location": f"/api/v1/business-calendars/{saved.pk}"}
    return answered(_calendar(saved), 201, headers)


def edit(call: Call) -> HttpResponse:
    """What is sent changes, the rest stays; the reason is always said."""
    calendar = _one(call)
    told = sent(call, CHANGED)
    must_be_seen(call, calendar)
    saved = _save(call, calendar, told, entries_of(calendar).as_json())
    return answered(_calendar(saved), headers=etag(saved))


def remove(call: Call) -> HttpResponse:
    """The default one, and one by which promises were counted, are refused."""
    calendar = _one(call)
    must_be_seen(call, calendar, is_demanded=True)
    done(lambda: delete_calendar(calendar, actor=call.actor, version=expected_version(call)))
    return HttpResponse(status=204)


def _save(
    call: Call, calendar: BusinessCalendar | None, told: dict[str, Any], kept: dict[str, Any]
) -> BusinessCalendar:
    wanted = {**NOTHING, **kept, **{n: told[n] for n in told if n in NOTHING}}
    if "departments" in told:
        wanted["department_ids"] = sorted({each.pk for each in told["departments"]})
    entries = entries_of(wanted)
    return told_at(
        lambda: save_calendar(
            calendar,
            entries,
            actor=call.actor,
            at=call.at,
            reason=told["reason"],
            version=expected_version(call),
        ),
        InvalidCalendar,
        PLACES,
        "",
    )


def _calendar(calendar: BusinessCalendar) -> dict[str, Any]:
    kept = entries_of(calendar).as_json()
    departments = kept.pop("department_ids")
    return {"id": calendar.pk, "version": calendar.version, **kept, "departments": departments}


def _one(call: Call) -> BusinessCalendar:
    pk = record_id(call.parts["id"])
    calendar = BusinessCalendar.objects.filter(pk=pk).first() if pk is not None else None
    if calendar is None:
        raise not_found()
    return calendar


def _spans(call: Call, told: Any) -> list[list[str]]:
    """Opening hours as `[["09:00", "12:00"], ["13:00", "18:00"]]`, apart and in order."""
    is_pairs = isinstance(told, list) and len(told) <= MOST_SPANS
    pairs: list[Any] = told if is_pairs else [None]
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise Wrong(_('Send hours such as [["09:00", "18:00"]], or [] for a closed day.'))
    found: Spans | None = None
    if all(isinstance(wall, str) and len(wall) <= 5 for pair in pairs for wall in pair):
        found = read_spans(", ".join("-".join(pair) for pair in pairs))
    if found is None or len(found) != len(pairs):
        raise Wrong(_('Send hours such as [["09:00", "18:00"]], or [] for a closed day.'))
    return spans_json(found)


def _exception(call: Call, row: Mapping[str, Any]) -> dict[str, Any]:
    on: date = day(row.get("on"))
    return {
        "on": on.isoformat(),
        "hours": _spans(call, row.get("hours", [])),
        "name": words(80).read(call, row.get("name", "")),
    }


HOURS = {
    "type": "array",
    "items": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
    "maxItems": MOST_SPANS,
}
AN_EXCEPTION = {
    "type": "object",
    "properties": {
        "on": {"type": "string", "format": "date"},
        "hours": HOURS,
        "name": {"type": "string", "maxLength": 80},
    },
}
CALENDAR: dict[str, Member] = {
    "name": words(80, is_required=True),
    "time_zone": words(60, is_required=True),
    "weekly": listed(_spans, HOURS, WEEKDAYS),
    "country": words(2),
    "region": words(10),
    "exceptions": listed(_exception, AN_EXCEPTION, MOST_EXCEPTIONS, is_required=False),
    "departments": listed(
        department, {"$ref": "#/components/schemas/Reference"}, 500, is_required=False
    ),
    "is_default": Member(yes, {"type": "boolean"}),
    "is_active": Member(yes, {"type": "boolean"}),
    "reason": words(LONGEST_REASON, is_required=True),
}
CHANGED: dict[str, Member] = {
    **CALENDAR,
    "name": words(80),
    "time_zone": words(60),
    "weekly": listed(_spans, HOURS, WEEKDAYS, is_required=False),
}
NOTHING: dict[str, Any] = {
    "name": "",
    "time_zone": "",
    "weekly": [],
    "country": "",
    "region": "",
    "exceptions": [],
    "department_ids": [],
    "is_default": False,
    "is_active": True,
}
