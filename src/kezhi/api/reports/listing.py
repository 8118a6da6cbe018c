"""The reports and the views that one may see."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from kezhi.api.calling import Call, answered
from kezhi.api.leafing import leafed
from kezhi.api.problems import Problem
from kezhi.api.writing import moment, who
from kezhi.records import Kind, registry
from kezhi.workbench.list_query import Shape
from kezhi.workbench.models import Report, SavedView
from kezhi.workbench.reporting.delivered import reports_for
from kezhi.workbench.reporting.spec import Spec


def reports(call: Call) -> HttpResponse:
    """Saved ones page by page, and those that come with the product."""
    call.must_may("read", "view")
    page = leafed(call, Report.objects.visible_to(call.actor).select_related("owner"))
    delivered = [
        {"key": each.name, "name": str(each.label), "specification": specification(each.spec)}
        for each in reports_for(call.actor)
    ]
    items = [_report(each) for each in page.rows]
    return answered({"items": items, "next": page.next, "delivered": delivered})


def views(call: Call) -> HttpResponse:
    """`?of=customer`: the saved views of these records, and those that come with them."""
    call.must_may("read", "view")
    name = call.parameter("of")
    if name not in registry or not call.actor.may("read", name):
        raise Problem("bad-request", said_of_kinds(call))
    kind = registry[name].seen_by(call.actor)
    rows = SavedView.objects.visible_to(call.actor).filter(kind=name).select_related("owner")
    page = leafed(call, rows, ("of",))
    items = [_view(each, kind) for each in page.rows]
    delivered = [{"key": each.name, "name": str(each.label)} for each in kind.views]
    return answered({"items": items, "next": page.next, "delivered": delivered})


def said_of_kinds(call: Call) -> str:
    """What `of` may be, for whoever said something else."""
    known = [kind.name for kind in registry if call.actor.may("read", kind.name)]
    return "of: " + ", ".join(known)


def specification(spec: Spec) -> dict[str, Any]:
    """What a report asks, as it is sent."""
    return {
        "of": spec.kind,
        "measures": list(spec.measures),
        "by": list(spec.dimensions),
        "where": list(spec.conditions),
        "during": spec.during or None,
        "compare": spec.compare or None,
        "top": spec.top,
    }


def _report(each: Report) -> dict[str, Any]:
    return {
        "id": each.pk,
        "name": each.name,
        "audience": str(each.audience),
        "owner": who(each.owner),
        "updated_at": moment(each.updated_at),
        "specification": specification(Spec.parse(each.asks)),
    }


def _view(each: SavedView, kind: Kind) -> dict[str, Any]:
    shape = Shape.of_saved(kind, each)
    return {
        "id": each.pk,
        "name": each.name,
        "audience": str(each.audience),
        "owner": who(each.owner),
        "where": list(shape.conditions),
        "text": shape.text or None,
        "sort": shape.sort or None,
        "columns": list(shape.columns),
    }
