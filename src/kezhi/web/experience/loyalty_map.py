"""Satisfaction against loyalty: four fields of customers, each with its list."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from kezhi.insight import experiencing
from kezhi.insight.experiencing import CELLS, STAYS
from kezhi.insight.models import CustomerReading, Study
from kezhi.records import registry
from kezhi.satisfaction.analysing.figures import SATISFIED
from kezhi.web import numbers
from kezhi.web.experience import heads
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest, must_see
from kezhi.web.value import studies

NAMES = {
    "loyal": gettext_lazy("Content and staying"),
    "mercenary": gettext_lazy("Content, yet going"),
    "hostage": gettext_lazy("Discontent, yet staying"),
    "leaving": gettext_lazy("Discontent and going"),
}
ADVICE = {
    "loyal": gettext_lazy("Ask them to recommend you"),
    "mercenary": gettext_lazy("Find out what draws them elsewhere"),
    "hostage": gettext_lazy("Mend what annoys them before they find another way"),
    "leaving": gettext_lazy("Call the valuable ones now"),
}


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?cell=` one of the four fields, `?after=` further customers; least content first."""
    heads.must_read(request)
    must_see(request, "customer", "value")
    about = heads.about(request, Study.Subject.EXPERIENCE, "experience-map")
    study = about["study"]
    cell = request.GET.get("cell", "")
    cell = cell if cell in CELLS else ""
    about |= {
        "cells": [],
        "finding": "",
        "cell": cell,
        "cell_name": NAMES.get(cell, ""),
        "satisfied": SATISFIED,
        "stays": STAYS,
        "figures": None,
        "customer_kind": registry.declared("customer"),
    }
    if study is not None:
        if about["sees_company"]:
            figures = experiencing.overview(study)
            about |= {
                "figures": figures,
                "finding": _finding(figures),
                "cells": _cells(figures, cell),
                "together": _together(figures),
            }
        about |= _listed(request, study, cell)
    return render(request, "experience/map.html", about)


def _cells(figures: experiencing.Figures, current: str) -> list[dict[str, Any]]:
    """In the order of the picture: above those who stay, to the right the content."""
    known = {one.name: one for one in figures.cells}
    placed = max(figures.placed, 1)
    return [
        {
            "name": NAMES[name],
            "advice": ADVICE[name],
            "customers": numbers.number(known[name].customers),
            "share": numbers.percent(known[name].customers / placed),
            "value": numbers.money(known[name].value),
            "at_risk": numbers.money(known[name].at_risk),
            "href": f"?cell={name}#customers-h",
            "tone": name,
            "is_current": name == current,
        }
        for name in ("hostage", "loyal", "leaving", "mercenary")
        if name in known
    ]


def _finding(figures: experiencing.Figures) -> Any:
    going = next((one for one in figures.cells if one.name == "mercenary"), None)
    leaving = next((one for one in figures.cells if one.name == "leaving"), None)
    hostage = next((one for one in figures.cells if one.name == "hostage"), None)
    if not figures.placed or going is None or leaving is None or hostage is None:
        return ""
    return told(
        _("%(hostages)s customers stay although they are discontent, %(leaving)s are leaving"),
        hostages=numbers.number(hostage.customers, plain=True),
        leaving=numbers.number(leaving.customers, plain=True),
    )


def _together(figures: experiencing.Figures) -> str:
    """How closely satisfaction and staying go together, in words."""
    if abs(figures.correlation) < 0.1:
        return _("Satisfaction and staying hardly go together here")
    return _("Satisfaction and staying go together with a correlation of %(figure)s") % {
        "figure": numbers.number(figures.correlation, 2, plain=True)
    }


def _listed(request: PersonRequest, study: Study, cell: str) -> dict[str, Any]:
    rows = CustomerReading.objects.visible_to(request.actor).filter(study=study)
    if cell:
        rows = rows.filter(**experiencing.readings_in(cell))
    rows = rows.select_related("customer__standing")
    return studies.page_of_readings(request, rows, {"cell": cell} if cell else {})
