"""The part of the description that reports, saved views and segments have."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from kezhi.api.schema_forms import (
    DAY,
    LEAF,
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
from kezhi.customers.models import Segment
from kezhi.workbench.models import SavedView

TEXTS = {"type": "array", "items": TEXT}
REPORT_LEAVES: dict[str, list[dict[str, Any]]] = {
    "Segments": LEAF,
    "SegmentMembers": LEAF,
    "Reports": LEAF,
    "Views": [{**asked("of", TEXT), "required": True}, *LEAF],
}


def report_schemas() -> dict[str, Any]:
    """By the name that operations give as their answer."""
    segment = _segment()
    specification = an_object(
        of={**TEXT, "description": _("The kind of records")},
        measures=TEXTS,
        by={**TEXTS, "description": _("The dimensions")},
        where={**TEXTS, "description": _("Conditions as in the addresses of lists")},
        during=maybe(TEXT),
        compare=maybe(one_of(("previous", "year"))),
        top=WHOLE,
    )
    audience = one_of(SavedView.Audience.values)
    report = an_object(
        id=WHOLE,
        name=TEXT,
        audience=audience,
        owner=WHO,
        updated_at=MOMENT,
        specification=specification,
    )
    delivered = an_object(key=TEXT, name=TEXT, specification=specification)
    view = an_object(
        id=WHOLE,
        name=TEXT,
        audience=audience,
        owner=WHO,
        where=TEXTS,
        text=maybe(TEXT),
        sort=maybe(TEXT),
        columns=TEXTS,
    )
    usual = an_object(key=TEXT, name=TEXT)
    return {
        "Segment": segment,
        "Segments": page(segment),
        "SegmentMembers": page(NAMED),
        "Reports": page(report, delivered={"type": "array", "items": delivered}),
        "ReportAnswer": _answer(specification),
        "Views": page(view, delivered={"type": "array", "items": usual}),
    }


def _segment() -> dict[str, Any]:
    return an_object(
        id=WHOLE,
        version=WHOLE,
        name=TEXT,
        description=maybe(TEXT),
        audience=one_of(Segment.Audience.values),
        owner=WHO,
        is_frozen=YES,
        frozen_on=maybe(DAY),
        created_at=MOMENT,
        size={**maybe(WHOLE), "description": _("How many of its customers one sees")},
        is_closed={**YES, "description": _("It asks for what one may not see")},
        is_queued={**YES, "description": _("It is large: a job freezes it")},
    )


def _answer(specification: dict[str, Any]) -> dict[str, Any]:
    part = an_object(name=TEXT, label=TEXT, kind=TEXT)
    measure = an_object(**part["properties"], unit=maybe(TEXT), is_forecast=YES)
    group = maybe(
        an_object(
            key={"type": ["string", "number", "boolean", "null"]},
            label=TEXT,
            is_others={**YES, "description": _("What is beyond the first groups, put together")},
            is_unseen={**YES, "description": _("What one may not see")},
        )
    )
    figure = {"type": ["string", "number", "null"]}
    figures = {"type": "array", "items": figure}
    row = an_object(
        by={
            "type": "array",
            "items": group,
            "description": _("A group of each dimension; null for all of them together"),
        },
        figures=figures,
        before={**maybe(figures), "description": _("The same of the period that is compared with")},
        list={**maybe(TEXT), "description": _("The list with exactly these records")},
    )
    rows = items(row)["properties"]["items"]
    period = an_object(field=TEXT, first=DAY, last=DAY)
    return an_object(
        report=maybe(an_object(id=maybe(WHOLE), key=maybe(TEXT), name=TEXT)),
        specification=specification,
        as_of=DAY,
        period=maybe(period),
        measures={"type": "array", "items": measure},
        dimensions={"type": "array", "items": part},
        rows=rows,
        total=figures,
        records={**WHOLE, "description": _("How many records were counted")},
        is_cut={**YES, "description": _("There are more groups than were asked for")},
        beyond={"type": "array", "items": WHOLE},
    )
