"""The builder: a report put together by choosing, shown while it is chosen; each state is an address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kezhi.core.ids import record_id
from kezhi.records import Field, FieldKind, Kind, registry
from kezhi.web.records.filter_form import Controls, FilterForm, condition_of
from kezhi.web.reports.pictures import picture
from kezhi.web.reports.showing import answered, seen
from kezhi.web.requests import PersonRequest, must_may
from kezhi.workbench import operands
from kezhi.workbench.filtering import SPANS, Asking, filterable, operators
from kezhi.workbench.filtering.related import Way, asked, links_of
from kezhi.workbench.operands import Unusable
from kezhi.workbench.reporting import dimensions, measures
from kezhi.workbench.reporting.dimensions import DAYS, GRAINS
from kezhi.workbench.reporting.spec import BETWEEN, COMPARISONS, MOST_MEASURES, PICTURES, Spec

K = FieldKind
USUAL = "order"


@require_safe
def build(request: PersonRequest) -> HttpResponse:
    """The report in the address with the controls to change it; `report` is the kept one that is changed."""
    must_may(request, "read", "view")
    spec = Spec.read(request.GET)
    kinds = [each for each in registry if request.actor.may("read", each.name)]
    names = [each.name for each in kinds]
    if not names:
        return render(request, "reports/build.html", {"kinds": [], "spec": spec}, status=200)
    if spec.kind not in names:
        if spec.kind:
            answered(request, spec)  # 403: the role doesn't read it
        spec = Spec(USUAL if USUAL in names else names[0])
    spec = _between(spec, request)
    changed = (
        seen(request, pk, "edit") if (pk := record_id(request.GET.get("report", ""))) else None
    )
    condition = condition_of(request.GET)
    if condition is not None or "kind_was" in request.GET:
        if request.GET.get("kind_was", spec.kind) != spec.kind:
            spec = Spec(spec.kind, picture=spec.picture)  # other records have other fields
        elif condition is not None:
            spec = spec.adding(condition)
        if condition is not None or not request.htmx:
            return HttpResponseRedirect(_address(spec, changed.pk if changed else None))
    shown = answered(request, spec)
    kind = shown.kind
    about: dict[str, Any] = {
        "kinds": [(each.name, each.label_plural) for each in kinds],
        "kind": kind,
        "spec": spec,
        "report": changed,
        "picture": picture(shown),
        "measures": _measures(kind, shown.asking),
        "dimensions": _dimensions(kind, shown.asking),
        "pictures": list(PICTURES.items()),
        "comparisons": list(COMPARISONS.items()),
        "days": _days(kind),
        "spans": [*SPANS.items(), (BETWEEN, _("between two days"))],
        "between": spec.during.partition(".")[2].split("..") if ".." in spec.during else None,
        "during": spec.during.partition("."),
        "chips": [
            (each, _address(spec.without(each.source), changed.pk if changed else None))
            for each in shown.criteria
        ],
        "form": _filter_form(request, kind),
        "most_measures": MOST_MEASURES,
        "save": f"{reverse('report-new')}?{spec}" if changed is None else "",
        "address": _address(spec, changed.pk if changed else None),
        "may_keep": request.actor.may("create", "view"),
        "file": f"{reverse('report-file')}?{spec}",
        "may_export": request.actor.may("export", spec.kind),
    }
    name = "reports/_builder.html" if request.htmx else "reports/build.html"
    # With problems the page says which; it shows no figures rather than wrong ones.
    return render(request, name, about, status=422 if shown.problems else 200)


def _between(spec: Spec, request: PersonRequest) -> Spec:
    """Two days were just chosen, and none entered yet: begin with those of the span before."""
    given = request.GET
    if given.get("during_span") != BETWEEN or "during_first" in given or not spec.during:
        return spec
    try:
        first, last = operands.span(given.get("during_was", ""), request.today)
    except Unusable:
        first, last = operands.span("12m", request.today)
    return replace(spec, during=f"{given['during_field']}.{first}..{last}")


def _address(spec: Spec, report: int | None) -> str:
    return f"{reverse('report-build')}?{spec}" + (f"&report={report}" if report else "")


def _measures(kind: Kind, asking: Asking) -> list[tuple[str, Any]]:
    """Counting, then the kind's own figures, then those of what it points to."""
    counting = [
        ("count", _("Number of %(records)s") % {"records": kind.label_plural}),
        ("share", _("Share of all %(records)s") % {"records": kind.label_plural}),
    ]
    groups: dict[str, list[tuple[str, str]]] = {str(kind.label): counting}
    for function, way in measures.usable(kind, asking):
        measure = measures.Measure(function, way)
        groups.setdefault(_over(way), []).append((measure.key, measure.label(kind)))
    return list(groups.items())


def _dimensions(kind: Kind, asking: Asking) -> list[tuple[str, Any]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for way in dimensions.usable(kind, asking):
        known = groups.setdefault(_over(way), [])
        if way.field.kind in DAYS:
            known += [
                (f"{way.name}.{grain}", f"{way.label} {label}") for grain, label in GRAINS.items()
            ]
        else:
            known.append((way.name, way.label))
    return list(groups.items())


def _over(way: Way) -> str:
    """Under which heading it stands: the records themselves, or the way to others."""
    if not way.hops:
        return str(way.start.label)
    return " › ".join(str(hop.link.label) for hop in way.hops)


def _days(kind: Kind) -> list[tuple[str, Any]]:
    return [
        (each.name, each.label) for each in kind.fields if each.kind in DAYS and each.is_filterable
    ]


def _filter_form(request: PersonRequest, kind: Kind) -> FilterForm:
    """As the form of a list, with the fields of related records; links are asked by their name."""
    own = filterable(kind, request.actor)
    ways = [
        Way(kind, (hop,), each)
        for hop in links_of(kind, request.actor)
        for each in filterable(hop.kind, request.actor)
        if each.name != hop.kind.title
    ]
    leaves = {way.name: way.field for way in ways}
    fields: list[Field] = [*own, *(asked(way) for way in ways)]
    name, op = request.GET.get("field", ""), request.GET.get("op", "")
    field = next((each for each in fields if each.name == name), None)
    known = operators(field) if field else []
    if field is not None and field.kind is K.LINK:
        known = [pair for pair in known if pair[0] in ("contains", "empty", "filled")]
    if op not in dict(known):
        op = known[0][0] if known else ""
    # Of a related record it is asked with the control of its own field.
    leaf = leaves.get(name, field)
    control, options = Controls(request.actor).of(leaf, op) if leaf else ("", [])
    return FilterForm(fields, field, known, op, control, options, "", "", bool(field))
