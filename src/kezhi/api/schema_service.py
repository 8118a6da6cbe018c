"""The part of the description that service has beside its kinds: words, clocks, cases, promises, requests."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from kezhi.api.schema_forms import (
    LEAF,
    LIMIT,
    MOMENT,
    NAMED,
    TEXT,
    WHO,
    WHOLE,
    YES,
    an_object,
    asked,
    items,
    maybe,
    one_of,
    page,
)
from kezhi.customers.models.standing import Tier
from kezhi.service.models import Clock, Compensation, Complaint, Ticket, TicketEntry

AREAS = {
    "report": gettext_lazy("Reports"),
    "segment": gettext_lazy("Segments"),
    "service": gettext_lazy("Service levels and requests"),
    "value": gettext_lazy("Customer value"),
    "company": gettext_lazy("People, search, jobs and the log"),
    "duplicates": gettext_lazy("Duplicates and merges"),
    "mail": gettext_lazy("Letters and the outbox"),
    "rights": gettext_lazy("Data rights"),
    "webhook": gettext_lazy("Webhooks"),
}
BESIDE: dict[str, dict[str, Any]] = {"ticket": {"text": {"type": ["string", "null"]}}}

# By answer, what may be asked in the address.
LEAVES: dict[str, list[dict[str, Any]]] = {
    "Entries": LEAF,
    "Clocks": LEAF,
    "Rules": LEAF,
    "Agreements": LEAF,
    "Calendars": LEAF,
    "Departments": LEAF,
    "Requests": [asked("of", {"type": "string", "enum": ["mine", "others"]}), *LEAF],
    "Breaches": [
        asked("since", MOMENT),
        asked("open", YES),
        asked("cursor", {"type": "string", "maxLength": 80}),
        LIMIT,
    ],
    "Found": [
        asked("q", {"type": "string", "maxLength": 2000}),
        asked("language", {"type": "string", "enum": ["zh", "en"]}),
        LIMIT,
    ],
}


def service_schemas() -> dict[str, Any]:
    """By the name that operations give as their answer."""
    named, who = NAMED, WHO
    clock = _clock(who)
    promise = an_object(
        type=one_of(Ticket.Type.values),
        tier=one_of(["", *Tier.values]),
        clock=one_of(Clock.Kind.values),
        minutes=WHOLE,
        measure=one_of(Clock.Measure.values),
    )
    calendar = an_object(
        id=WHOLE,
        version=WHOLE,
        name=TEXT,
        time_zone=TEXT,
        weekly={"type": "array", "items": {"type": "array"}},
        country=TEXT,
        region=TEXT,
        exceptions={
            "type": "array",
            "items": an_object(on=TEXT, hours={"type": "array"}, name=TEXT),
        },
        departments={"type": "array", "items": WHOLE},
        is_default=YES,
        is_active=YES,
    )
    rule = an_object(
        id=WHOLE,
        version=WHOLE,
        name=TEXT,
        position=WHOLE,
        is_active=YES,
        types={"type": "array", "items": TEXT},
        words={"type": "array", "items": TEXT},
        category=maybe(TEXT),
        requesting=who,
        person=who,
        department=who,
        skill=maybe(TEXT),
    )
    agreement = an_object(
        id=WHOLE,
        version=WHOLE,
        providing=who,
        requesting=who,
        first_answer_minutes=maybe(WHOLE),
        solution_minutes=maybe(WHOLE),
        measure=one_of(Clock.Measure.values),
        agreement=TEXT,
    )
    request = _request(named, who)
    return {
        "Entries": page(_entry(named, who)),
        "Clocks": page(clock, held={"type": "array", "items": {"type": "object"}}),
        "Breaches": items(an_object(ticket=named, **clock["properties"]), next=maybe(TEXT)),
        "Case": _case(named, who),
        "Levels": an_object(
            version=maybe(WHOLE),
            published_at=maybe(MOMENT),
            published_by=who,
            reason=maybe(TEXT),
            step_minutes=WHOLE,
            last_resort=who,
            promises={"type": "array", "items": promise},
            in_force={"type": "array", "items": an_object(**promise["properties"], source=TEXT)},
        ),
        "Calendar": calendar,
        "Calendars": page(calendar),
        "Rule": rule,
        "Rules": page(rule),
        "Agreement": agreement,
        "Agreements": page(agreement),
        "Departments": page(an_object(id=WHOLE, name=TEXT, parent=maybe(WHOLE), head=who)),
        "Request": request,
        "Requests": page(request),
        "Measures": items(
            an_object(
                id=WHOLE,
                name=TEXT,
                unit=maybe(TEXT),
                start=TEXT,
                target=TEXT,
                figure=maybe(TEXT),
                on=maybe({"type": "string", "format": "date"}),
            )
        ),
        "Found": items(
            an_object(
                id=WHOLE,
                code=TEXT,
                language=TEXT,
                title=TEXT,
                excerpt=TEXT,
                helped=WHOLE,
                not_helped=WHOLE,
            ),
            count=WHOLE,
            count_is_capped=YES,
        ),
    }


def _entry(named: dict[str, Any], who: dict[str, Any]) -> dict[str, Any]:
    return an_object(
        id=WHOLE,
        sort=one_of(TicketEntry.Sort.values),
        at=MOMENT,
        author=who,
        contact=maybe(named),
        sender=maybe(TEXT),
        channel=maybe(TEXT),
        text=TEXT,
        event=maybe(TEXT),
        minutes=WHOLE,
        files={"type": "array", "items": an_object(id=WHOLE, name=TEXT)},
    )


def _clock(who: dict[str, Any]) -> dict[str, Any]:
    return an_object(
        id=WHOLE,
        kind=one_of(Clock.Kind.values),
        state=one_of(Clock.State.values),
        tier=maybe(TEXT),
        promised_minutes=WHOLE,
        measure=one_of(Clock.Measure.values),
        calendar=who,
        started_at=MOMENT,
        due_at=maybe(MOMENT),
        paused_at=maybe(MOMENT),
        ended_at=maybe(MOMENT),
        elapsed_seconds=maybe(WHOLE),
        is_breached=YES,
        breached_at=maybe(MOMENT),
        person=who,
        department=who,
    )


def _request(named: dict[str, Any], who: dict[str, Any]) -> dict[str, Any]:
    return an_object(
        id=WHOLE,
        ticket=named,
        state=one_of(Ticket.State.values),
        requester=who,
        requesting=who,
        department=who,
        assignee=who,
        opened_at=MOMENT,
        due_at=maybe(MOMENT),
        solved_at=maybe(MOMENT),
        rating=maybe(WHOLE),
        comment=maybe(TEXT),
    )


def _case(named: dict[str, Any], who: dict[str, Any]) -> dict[str, Any]:
    file = an_object(id=WHOLE, name=TEXT)
    step = an_object(
        step=one_of(Complaint.Step.values), at=MOMENT, by=who, words=maybe(TEXT), is_back=YES
    )
    party = an_object(
        sort=TEXT,
        name=maybe(TEXT),
        share=TEXT,
        finding=maybe(TEXT),
        party=maybe(named),
        department=maybe(WHOLE),
        person=who,
        entry=maybe(WHOLE),
        file=maybe(file),
    )
    given = an_object(
        id=WHOLE,
        sort=one_of(Compensation.Sort.values),
        words=maybe(TEXT),
        state=one_of(Compensation.State.values),
        done_on=maybe({"type": "string", "format": "date"}),
        done_by=who,
        amount=TEXT,
    )
    attempt = an_object(at=MOMENT, channel=TEXT, words=TEXT, by=who)
    return an_object(
        complaint=named,
        ticket=named,
        version=WHOLE,
        step=one_of(Complaint.Step.values),
        step_since=MOMENT,
        proposed=TEXT,
        proposed_by=who,
        approved_by=who,
        answer_words=maybe(TEXT),
        steps={"type": "array", "items": step},
        parties={"type": "array", "items": party},
        compensation={"type": "array", "items": given},
        attempts={"type": "array", "items": attempt},
        files={"type": "array", "items": file},
    )
