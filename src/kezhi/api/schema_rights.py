"""The part of the description that data rights have beside their kinds."""

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
from kezhi.customers.models.consent import Purpose
from kezhi.rights.models import DataRequest

RIGHTS_LEAVES: dict[str, list[dict[str, Any]]] = {
    "ConsentTexts": LEAF,
    "Holds": LEAF,
    "AffectedRecords": [asked("cursor", {"type": "string", "maxLength": 80}), LIMIT],
}
NUMBER = {"type": "number"}


def rights_schemas() -> dict[str, Any]:
    """By the name that operations give as their answer."""
    text = an_object(
        id=WHOLE,
        purpose=one_of(Purpose.values),
        version=WHOLE,
        digest=TEXT,
        chinese=TEXT,
        english=TEXT,
        published_on=DAY,
    )
    hold = an_object(
        id=WHOLE,
        customer=maybe(NAMED),
        table=maybe(TEXT),
        reason=TEXT,
        since=DAY,
        set_by=WHO,
        ended_on=maybe(DAY),
        end_reason=maybe(TEXT),
    )
    clock = an_object(
        table=TEXT,
        name=TEXT,
        purpose=TEXT,
        days=maybe(WHOLE),
        is_own=YES,
        due=WHOLE,
        held=WHOLE,
        hold=maybe(TEXT),
    )
    return {
        "ConsentText": text,
        "ConsentTexts": page(text),
        "Added": an_object(added=WHOLE),
        "Lifted": an_object(lifted=WHOLE),
        "Hold": hold,
        "Holds": page(hold),
        "Clocked": clock,
        "Retention": items(clock),
        "Judgement": _judgement(),
        "RequestCase": _case(),
        "Affected": items(an_object(kind=TEXT, name=TEXT, records=WHOLE, people_who_saw=WHOLE)),
        "AffectedRecords": items(
            an_object(
                **{"from": DAY, "until": DAY},
                kind=TEXT,
                id=WHOLE,
                name=TEXT,
                people_who_saw=WHOLE,
            ),
            next=maybe(TEXT),
        ),
    }


def _judgement() -> dict[str, Any]:
    judged = an_object(
        tier=maybe(TEXT), score=maybe(NUMBER), stage=maybe(TEXT), p_purchase_12m=maybe(NUMBER)
    )
    exemption = an_object(since=DAY, reason=TEXT, channel=maybe(TEXT))
    model = an_object(name=TEXT, as_of=DAY, program_version=TEXT)
    return an_object(
        customer=NAMED,
        is_judged=YES,
        exemption=maybe(exemption),
        measured_on=maybe(DAY),
        judged=maybe(judged),
        factors={"type": "array", "items": an_object(measure=TEXT, points=NUMBER)},
        data={"type": "array", "items": TEXT},
        model=maybe(model),
        officer=maybe(TEXT),
    )


def _case() -> dict[str, Any]:
    job = an_object(
        id=WHOLE, state=one_of(JobState.values), message=maybe(TEXT), plan=maybe(an_object())
    )
    step = an_object(what=TEXT, at=MOMENT, by=WHO, note=maybe(TEXT))
    package = an_object(
        id=WHOLE,
        size=WHOLE,
        sha256=TEXT,
        made_at=MOMENT,
        expires_at=MOMENT,
        fetched_at=maybe(MOMENT),
    )
    return an_object(
        request=WHOLE,
        state=one_of(DataRequest.State.values),
        due_on=DAY,
        used=WHOLE,
        job=maybe(job),
        steps={"type": "array", "items": step},
        packages={"type": "array", "items": package},
    )
