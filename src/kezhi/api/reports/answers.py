"""A report answered: its groups, its figures with their units, and the lists behind them, as on its page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.api.calling import Call, answered
from kezhi.api.leafing import only_parameters
from kezhi.api.members import Member, choice, listed, text, whole, words
from kezhi.api.problems import Problem, not_found
from kezhi.api.reports.listing import specification
from kezhi.api.sending import sent
from kezhi.api.taking import take
from kezhi.core.ids import record_id
from kezhi.records import FieldKind
from kezhi.workbench.models import Report
from kezhi.workbench.reporting.computing import TooSlow
from kezhi.workbench.reporting.delivered import REPORTS
from kezhi.workbench.reporting.groups import Bucket
from kezhi.workbench.reporting.measures import Measure
from kezhi.workbench.reporting.report import Answer, NoSuchKind, answer
from kezhi.workbench.reporting.spec import (
    COMPARISONS,
    LONGEST,
    MOST_CONDITIONS,
    MOST_DIMENSIONS,
    MOST_MEASURES,
    MOST_SHOWN,
    Spec,
)
from kezhi.workbench.reporting.writing import plain

_NAME = {"type": "string", "maxLength": 200}
SPECIFIED: dict[str, Member] = {
    "of": words(40, is_required=True),
    "measures": listed(text, _NAME, MOST_MEASURES, is_required=False),
    "by": listed(text, _NAME, MOST_DIMENSIONS, is_required=False),
    "where": listed(
        text, {"type": "string", "maxLength": 2000}, MOST_CONDITIONS, is_required=False
    ),
    "during": words(60),
    "compare": choice([each for each in COMPARISONS if each]),
    "top": Member(whole(MOST_SHOWN).read, {"type": "integer", "minimum": 1, "maximum": MOST_SHOWN}),
}


def of_report(call: Call) -> HttpResponse:
    """What a saved report says now, or with `key:` one that comes with the product."""
    call.must_may("read", "view")
    only_parameters(call)
    said = call.parts["id"]
    if said.startswith("key:"):
        key = said.removeprefix("key:")
        if key not in REPORTS:
            raise not_found()
        known = REPORTS[key]
        return _told(call, known.spec, {"id": None, "key": key, "name": str(known.label)})
    rows = Report.objects.visible_to(call.actor)
    report: Report | None = rows.filter(pk=record_id(said) or 0).first()
    if report is None:
        raise not_found()
    about = {"id": report.pk, "key": None, "name": report.name}
    return _told(call, Spec.parse(report.asks), about)


def of_specification(call: Call) -> HttpResponse:
    """What a report says that nobody has saved."""
    call.must_may("read", "view")
    given = sent(call, SPECIFIED)
    if sum(len(each) for each in given.get("where", ())) > LONGEST:
        raise Problem("bad-request", _("The filter is too long."))
    spec = Spec(
        kind=given["of"],
        measures=tuple(dict.fromkeys(given.get("measures", ()))) or ("count",),
        dimensions=tuple(dict.fromkeys(given.get("by", ()))),
        conditions=tuple(dict.fromkeys(given.get("where", ()))),
        during=given.get("during", ""),
        compare=given.get("compare", ""),
        top=max(given.get("top", Spec.top), 1),
    )
    return _told(call, spec, None)


def _told(call: Call, spec: Spec, report: dict[str, Any] | None) -> HttpResponse:
    try:
        found = answer(spec, call.asking)
    except NoSuchKind as error:
        raise Problem(
            "forbidden", _("This integration, or its owner, isn’t permitted this.")
        ) from error
    if found.problems:
        raise Problem("invalid", errors=[("", said) for said in found.problems])
    try:
        content = _content(call, found, report)
    except TooSlow as refusal:
        raise Problem("unavailable", str(refusal), headers={"Retry-After": "10"}) from refusal
    take(max(len(content["rows"]), 1), call)
    return answered(content)


def _content(call: Call, found: Answer, report: dict[str, Any] | None) -> dict[str, Any]:
    period = found.period
    return {
        "report": report,
        "specification": specification(found.spec),
        "as_of": call.today.isoformat(),
        "period": None
        if period is None
        else {
            "field": period.field,
            "first": period.first.isoformat(),
            "last": period.last.isoformat(),
        },
        "measures": [_measure(each, found, call) for each in found.measures],
        "dimensions": [
            {"name": said, "label": str(each.label), "kind": str(each.field.kind.value)}
            for said, each in zip(found.spec.dimensions, found.dimensions, strict=True)
        ],
        "rows": [_row(found, groups) for groups in _groups(found)],
        "total": _figures(found, (None,) * len(found.dimensions)),
        "records": found.figures.rows,
        "is_cut": found.is_capped,
        "beyond": list(found.figures.beyond) or [0] * len(found.dimensions),
    }


def _measure(each: Measure, found: Answer, call: Call) -> dict[str, Any]:
    return {
        "name": each.key,
        "label": each.label(found.kind),
        "kind": str(each.kind.value),
        "unit": _unit(each, call),
        "is_forecast": each.is_predicted,
    }


def _unit(each: Measure, call: Call) -> str | None:
    if each.kind is FieldKind.MONEY:
        return str(call.company.currency)
    if each.kind in (FieldKind.SHARE, FieldKind.PROBABILITY):
        return "1"
    is_own = each.way is not None and each.function in ("sum", "avg", "min", "max")
    return (str(each.way.field.unit) or None) if is_own and each.way is not None else None


def _groups(found: Answer) -> Iterator[tuple[Bucket | None, ...]]:
    """Of two dimensions each pair that there are records of, and each group with all of the other."""
    if not found.dimensions:
        return
    if len(found.dimensions) == 1:
        yield from ((each,) for each in found.buckets[0])
        return
    first, second = ([*each, None] for each in found.buckets)
    for row in first:
        for column in second:
            is_total = row is None and column is None
            key = tuple(each.group if each is not None else None for each in (row, column))
            if not is_total and key in found.figures.cells:
                yield row, column


def _row(found: Answer, groups: tuple[Bucket | None, ...]) -> dict[str, Any]:
    address = found.drill(*groups)
    return {
        "by": [_group(each) for each in groups],
        "figures": _figures(found, groups),
        "before": _before(found, groups),
        "list": f"/api/v1{address.replace('/?', '?', 1)}" if address else None,
    }


def _group(bucket: Bucket | None) -> dict[str, Any] | None:
    if bucket is None:
        return None
    group = bucket.group
    return {
        "key": None if group.is_others else _key(group.entry),
        "label": bucket.label,
        "is_others": group.is_others,
        "is_unseen": group.is_unseen,
    }


def _figures(found: Answer, groups: tuple[Bucket | None, ...]) -> list[Any]:
    keys = [each.group if each is not None else None for each in groups]
    return [
        _figure(found.figures.at(*keys, measure=at), each) for at, each in enumerate(found.measures)
    ]


def _before(found: Answer, groups: tuple[Bucket | None, ...]) -> list[Any] | None:
    """Of the period that is compared with; by the first dimension alone, as on the page."""
    if found.before is None or len(groups) > 1:
        return None
    return [
        _figure(found.now_and_before(groups[0], at)[1], each)
        for at, each in enumerate(found.measures)
    ]


def _figure(entry: Any, measure: Measure) -> Any:
    """Whole counts as numbers, anything exact as text."""
    told = plain(entry)
    if measure.kind is FieldKind.INTEGER and told is not None and not isinstance(told, date):
        return int(told)
    return _key(told)


def _key(entry: Any) -> Any:
    if isinstance(entry, date):
        return entry.isoformat()
    if isinstance(entry, Decimal):
        return format(entry, "f")
    return entry if entry is None or isinstance(entry, str | int | float) else str(entry)
