"""The part of the description for what stands around the records."""

from __future__ import annotations

from typing import Any

from kezhi.api.schema_forms import (
    DAY,
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
from kezhi.core.models import JobState
from kezhi.customers.models import PairState
from kezhi.messaging.models import Outgoing

_CURSOR = asked("cursor", {"type": "string", "maxLength": 80})
_ID = {"type": "integer", "minimum": 0}
_OF_LOG = [
    *(_CURSOR, LIMIT, asked("since", MOMENT), asked("who", _ID)),
    *(asked("kind", {"type": "string", "maxLength": 60}), asked("record", _ID)),
]
AROUND_LEAVES: dict[str, list[dict[str, Any]]] = {
    "People": LEAF,
    "Teams": LEAF,
    "Tags": LEAF,
    "Shares": LEAF,
    "Merges": LEAF,
    "Mailboxes": LEAF,
    "Mails": [asked("state", one_of(Outgoing.State.values)), *LEAF],
    "Pairs": [asked("state", one_of(PairState.values)), *LEAF],
    "Jobs": [asked("of", one_of(("mine", "all"))), asked("state", one_of(JobState.values)), *LEAF],
    "SearchFound": [
        {**asked("q", {"type": "string", "minLength": 1, "maxLength": 200}), "required": True},
        asked("kinds", {"type": "string", "maxLength": 2000}),
        asked("limit", {"type": "integer", "minimum": 1, "maximum": 20}),
    ],
    "AuditEntries": [asked("deed", {"type": "string", "maxLength": 80}), *_OF_LOG],
    "Sightings": _OF_LOG,
}


def around_schemas() -> dict[str, Any]:
    """By the name that operations give as their answer."""
    person = an_object(id=WHOLE, key=TEXT, name=TEXT, is_active=YES, team=WHO, department=WHO)
    tag = an_object(id=WHOLE, name=TEXT, colour=WHOLE)
    job = an_object(
        id=WHOLE,
        name=TEXT,
        title=maybe(TEXT),
        state=one_of(JobState.values),
        done=WHOLE,
        total=maybe(WHOLE),
        message=maybe(TEXT),
        created_at=MOMENT,
        started_at=maybe(MOMENT),
        finished_at=maybe(MOMENT),
    )
    share = an_object(
        id=WHOLE,
        person=WHO,
        team=WHO,
        may_edit=YES,
        since=DAY,
        until=maybe(DAY),
        reason=maybe(TEXT),
        granted_by=WHO,
    )
    records = {"type": "array", "items": an_object(id=WHOLE)}
    return {
        "People": page(person),
        "Teams": page(an_object(id=WHOLE, name=TEXT, department=WHO, lead=WHO)),
        "Tag": tag,
        "Tags": page(tag),
        "SearchFound": items(
            an_object(kind=TEXT, found=WHOLE, records=records), there_are_more=YES
        ),
        "Job": job,
        "Jobs": page(job),
        "Share": share,
        "Shares": page(share),
        "Searching": an_object(job=WHOLE),
        **_of_merging(),
        **_of_letters(),
        **_of_the_log(),
    }


def _of_letters() -> dict[str, Any]:
    mail = an_object(
        id=WHOLE,
        purpose=one_of(Outgoing.Purpose.values),
        state=one_of(Outgoing.State.values),
        problem=maybe(TEXT),
        subject=TEXT,
        person=WHO,
        to={"type": ["array", "null"], "items": TEXT},
        customer=maybe(WHOLE),
        attempts=WHOLE,
        created_at=MOMENT,
        sent_at=maybe(MOMENT),
    )
    return {
        "Mail": mail,
        "Mails": page(mail),
        "LetterSent": an_object(interaction=WHOLE, mail=maybe(mail)),
        "Mailboxes": page(an_object(id=WHOLE, name=TEXT, address=TEXT)),
    }


def _of_merging() -> dict[str, Any]:
    pair = an_object(
        id=WHOLE,
        first=NAMED,
        second=NAMED,
        score=WHOLE,
        reasons={"type": "array", "items": TEXT},
        group=WHOLE,
        state=one_of(PairState.values),
        found_at=MOMENT,
        decided_at=maybe(MOMENT),
        reason=maybe(TEXT),
    )
    merge = an_object(
        id=WHOLE,
        kind=TEXT,
        survivor=WHO,
        merged=WHO,
        at=MOMENT,
        reason=maybe(TEXT),
        can_be_undone=YES,
        undone_at=maybe(MOMENT),
    )
    return {"Pair": pair, "Pairs": page(pair), "Merge": merge, "Merges": page(merge)}


def _of_the_log() -> dict[str, Any]:
    entry = an_object(
        id=WHOLE,
        at=MOMENT,
        deed=TEXT,
        who=WHO,
        program=WHO,
        subject_kind=maybe(TEXT),
        subject_id=maybe(WHOLE),
        subject=maybe(TEXT),
        reason=maybe(TEXT),
    )
    seen = an_object(
        id=WHOLE, at=MOMENT, day=DAY, who=WHO, kind=TEXT, record=WHOLE, name=TEXT, where=TEXT
    )
    on = {"next": TEXT, "there_are_more": YES}
    return {"AuditEntries": items(entry, **on), "Sightings": items(seen, **on)}
