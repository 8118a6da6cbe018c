"""The part of the description that service has beside its kinds: words, clocks, cases, promises, requests."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from kezhi.api.leafing import MOST
from kezhi.customers.models.standing import Tier
from kezhi.service.models import Clock, Compensation, Complaint, Ticket, TicketEntry

AREAS = {
    "service": gettext_lazy("Service levels and requests"),
    "webhook": gettext_lazy("Webhooks"),
}
BESIDE: dict[str, dict[str, Any]] = {"ticket": {"text": {"type": ["string", "null"]}}}

_LIMIT = {
    "name": "limit",
    "in": "query",
    "schema": {"type": "integer", "minimum": 1, "maximum": MOST},
}
_AFTER = {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0}}
_MOMENT = {"type": "string", "format": "date-time"}
_TEXT, _WHOLE, _YES = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
_LEAF = [_AFTER, _LIMIT]


def _asked(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


# By answer, what may be asked in the address.
LEAVES: dict[str, list[dict[str, Any]]] = {
    "Entries": _LEAF,
    "Clocks": _LEAF,
    "Rules": _LEAF,
    "Agreements": _LEAF,
    "Calendars": _LEAF,
    "Departments": _LEAF,
    "Requests": [_asked("of", {"type": "string", "enum": ["mine", "others"]}), *_LEAF],
    "Breaches": [
        _asked("since", _MOMENT),
        _asked("open", _YES),
        _asked("cursor", {"type": "string", "maxLength": 80}),
        _LIMIT,
    ],
    "Found": [
        _asked("q", {"type": "string", "maxLength": 2000}),
        _asked("language", {"type": "string", "enum": ["zh", "en"]}),
        _LIMIT,
    ],
}


def _maybe(schema: dict[str, Any]) -> dict[str, Any]:
    """As it is, or null."""
    if "enum" in schema:
        return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}


def _one_of(keys: Any) -> dict[str, Any]:
    return {"type": "string", "enum": [str(key) for key in keys]}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _items(each: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = _object(items={"type": "array", "items": each}, **more)
    return {**found, "required": ["items"]}


def _page(each: dict[str, Any], **more: Any) -> dict[str, Any]:
    return _items(each, next=_maybe(_WHOLE), **more)


def service_schemas() -> dict[str, Any]:
    """By the name that operations give as their answer."""
    named = _object(id=_WHOLE, key=_maybe(_TEXT), name=_TEXT)
    who = _maybe(_object(id=_WHOLE, name=_TEXT))
    clock = _clock(who)
    promise = _object(
        type=_one_of(Ticket.Type.values),
        tier=_one_of(["", *Tier.values]),
        clock=_one_of(Clock.Kind.values),
        minutes=_WHOLE,
        measure=_one_of(Clock.Measure.values),
    )
    calendar = _object(
        id=_WHOLE,
        version=_WHOLE,
        name=_TEXT,
        time_zone=_TEXT,
        weekly={"type": "array", "items": {"type": "array"}},
        country=_TEXT,
        region=_TEXT,
        exceptions={
            "type": "array",
            "items": _object(on=_TEXT, hours={"type": "array"}, name=_TEXT),
        },
        departments={"type": "array", "items": _WHOLE},
        is_default=_YES,
        is_active=_YES,
    )
    rule = _object(
        id=_WHOLE,
        version=_WHOLE,
        name=_TEXT,
        position=_WHOLE,
        is_active=_YES,
        types={"type": "array", "items": _TEXT},
        words={"type": "array", "items": _TEXT},
        category=_maybe(_TEXT),
        requesting=who,
        person=who,
        department=who,
        skill=_maybe(_TEXT),
    )
    agreement = _object(
        id=_WHOLE,
        version=_WHOLE,
        providing=who,
        requesting=who,
        first_answer_minutes=_maybe(_WHOLE),
        solution_minutes=_maybe(_WHOLE),
        measure=_one_of(Clock.Measure.values),
        agreement=_TEXT,
    )
    request = _request(named, who)
    return {
        "Entries": _page(_entry(named, who)),
        "Clocks": _page(clock, held={"type": "array", "items": {"type": "object"}}),
        "Breaches": _items(_object(ticket=named, **clock["properties"]), next=_maybe(_TEXT)),
        "Case": _case(named, who),
        "Levels": _object(
            version=_maybe(_WHOLE),
            published_at=_maybe(_MOMENT),
            published_by=who,
            reason=_maybe(_TEXT),
            step_minutes=_WHOLE,
            last_resort=who,
            promises={"type": "array", "items": promise},
            in_force={"type": "array", "items": _object(**promise["properties"], source=_TEXT)},
        ),
        "Calendar": calendar,
        "Calendars": _page(calendar),
        "Rule": rule,
        "Rules": _page(rule),
        "Agreement": agreement,
        "Agreements": _page(agreement),
        "Departments": _page(_object(id=_WHOLE, name=_TEXT, parent=_maybe(_WHOLE), head=who)),
        "Request": request,
        "Requests": _page(request),
        "Measures": _items(
            _object(
                id=_WHOLE,
                name=_TEXT,
                unit=_maybe(_TEXT),
                start=_TEXT,
                target=_TEXT,
                figure=_maybe(_TEXT),
                on=_maybe({"type": "string", "format": "date"}),
            )
        ),
        "Found": _items(
            _object(
                id=_WHOLE,
                code=_TEXT,
                language=_TEXT,
                title=_TEXT,
                excerpt=_TEXT,
                helped=_WHOLE,
                not_helped=_WHOLE,
            ),
            count=_WHOLE,
            count_is_capped=_YES,
        ),
    }


def _entry(named: dict[str, Any], who: dict[str, Any]) -> dict[str, Any]:
    return _object(
        id=_WHOLE,
        sort=_one_of(TicketEntry.Sort.values),
        at=_MOMENT,
        author=who,
        contact=_maybe(named),
        sender=_maybe(_TEXT),
        channel=_maybe(_TEXT),
        text=_TEXT,
        event=_maybe(_TEXT),
        minutes=_WHOLE,
        files={"type": "array", "items": _object(id=_WHOLE, name=_TEXT)},
    )


def _clock(who: dict[str, Any]) -> dict[str, Any]:
    return _object(
        id=_WHOLE,
        kind=_one_of(Clock.Kind.values),
        state=_one_of(Clock.State.values),
        tier=_maybe(_TEXT),
        promised_minutes=_WHOLE,
        measure=_one_of(Clock.Measure.values),
        calendar=who,
        started_at=_MOMENT,
        due_at=_maybe(_MOMENT),
        paused_at=_maybe(_MOMENT),
        ended_at=_maybe(_MOMENT),
        elapsed_seconds=_maybe(_WHOLE),
        is_breached=_YES,
        breached_at=_maybe(_MOMENT),
        person=who,
        department=who,
    )


def _request(named: dict[str, Any], who: dict[str, Any]) -> dict[str, Any]:
    return _object(
        id=_WHOLE,
        ticket=named,
        state=_one_of(Ticket.State.values),
        requester=who,
        requesting=who,
        department=who,
        assignee=who,
        opened_at=_MOMENT,
        due_at=_maybe(_MOMENT),
        solved_at=_maybe(_MOMENT),
        rating=_maybe(_WHOLE),
        comment=_maybe(_TEXT),
    )


def _case(named: dict[str, Any], who: dict[str, Any]) -> dict[str, Any]:
    file = _object(id=_WHOLE, name=_TEXT)
    step = _object(
        step=_one_of(Complaint.Step.values), at=_MOMENT, by=who, words=_maybe(_TEXT), is_back=_YES
    )
    party = _object(
        sort=_TEXT,
        name=_maybe(_TEXT),
        share=_TEXT,
        finding=_maybe(_TEXT),
        party=_maybe(named),
        department=_maybe(_WHOLE),
        person=who,
        entry=_maybe(_WHOLE),
        file=_maybe(file),
    )
    given = _object(
        id=_WHOLE,
        sort=_one_of(Compensation.Sort.values),
        words=_maybe(_TEXT),
        state=_one_of(Compensation.State.values),
        done_on=_maybe({"type": "string", "format": "date"}),
        done_by=who,
        amount=_TEXT,
    )
    attempt = _object(at=_MOMENT, channel=_TEXT, words=_TEXT, by=who)
    return _object(
        complaint=named,
        ticket=named,
        version=_WHOLE,
        step=_one_of(Complaint.Step.values),
        step_since=_MOMENT,
        proposed=_TEXT,
        proposed_by=who,
        approved_by=who,
        answer_words=_maybe(_TEXT),
        steps={"type": "array", "items": step},
        parties={"type": "array", "items": party},
        compensation={"type": "array", "items": given},
        attempts={"type": "array", "items": attempt},
        files={"type": "array", "items": file},
    )
