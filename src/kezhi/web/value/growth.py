"""The growth matrix: present and new products × present and new customers, period by period."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from kezhi.catalog.models import Product
from kezhi.customers.models import Customer
from kezhi.insight import figures
from kezhi.records import registry
from kezhi.value.growth_matrix import CELLS
from kezhi.web import numbers
from kezhi.web.findings import told
from kezhi.web.requests import PersonRequest, must_may, must_see
from kezhi.web.value.heads import page_head

LABELS = {
    "loyalty": pgettext_lazy("growth matrix", "Loyalty"),
    "acquisition": pgettext_lazy("growth matrix", "Acquisition"),
    "expansion": pgettext_lazy("growth matrix", "Expansion"),
    "diversification": pgettext_lazy("growth matrix", "Diversification"),
}
MEANINGS = {
    "loyalty": gettext_lazy("present products to present customers"),
    "acquisition": gettext_lazy("present products to new customers"),
    "expansion": gettext_lazy("new products to present customers"),
    "diversification": gettext_lazy("new products to new customers"),
}
ORDER = ("expansion", "diversification", "loyalty", "acquisition")
"""As they lie in the picture: new products above, new customers on the right."""
PAGE = 50


@require_safe
def show(request: PersonRequest) -> HttpResponse:
    """`?by=launch|customer` what a new product is, `?period=y0|y1|q0…q7`, `?cell=` whose list."""
    must_may(request, "read", "customer")
    must_see(request, "customer", "value")
    basis = figures.basis()
    by: figures.By = "customer" if request.GET.get("by") == "customer" else "launch"
    growth = figures.growth(request.actor, basis, by) if basis else None
    about = page_head(request.actor, basis) | {
        "growth": growth,
        "by": by,
        "by_options": [
            ("launch", _("first sold lately")),
            ("customer", _("new to the customer")),
        ],
    }
    if growth is not None:
        about |= _matrix(request, growth, by)
    return render(request, "value/growth.html", about)


def _matrix(request: PersonRequest, growth: figures.Growth, by: str) -> dict[str, Any]:
    known = {f"y{place}": period for place, period in enumerate(growth.years)}
    known |= {f"q{place}": period for place, period in enumerate(growth.quarters)}
    key = request.GET.get("period", "")
    key = key if key in known else "y0"
    period = known[key]
    compared = known.get(f"{key[0]}{int(key[1:]) + (4 if key[0] == 'q' else 1)}")
    cell = request.GET.get("cell", "")

    def address(period_key: str, of: str = "") -> str:
        given = {"by": by, "period": period_key, **({"cell": of} if of else {})}
        return f"?{urlencode(given)}" + ("#who" if of else "")

    return {
        "key": key,
        "period": period,
        "compared": compared,
        "finding": _finding(period),
        "labels": LABELS,
        "meanings": MEANINGS,
        "order": ORDER,
        "cells": CELLS,
        "address": address,
        "rows": [(name, each, _bars(each)) for name, each in known.items()],
        "listed": _listed(request, period.cell(cell)) if cell in CELLS else None,
    }


def _bars(period: figures.GrowthPeriod) -> list[dict[str, Any]]:
    """The four cells as parts of a bar, in per cent; what was returned on balance has no width."""
    whole = sum(max(cell.revenue, 0.0) for cell in period.cells)
    found, x = [], 0.0
    for cell in period.cells:
        width = 100 * max(cell.revenue, 0.0) / whole if whole else 0.0
        found.append({"cell": cell.cell, "x": round(x, 2), "width": round(width, 2)})
        x += width
    return found


def _listed(request: PersonRequest, cell: figures.GrowthCell) -> dict[str, Any]:
    """The customers and products of a cell with the most revenue in it."""
    text = request.GET.get("page", "")
    page = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    taken = cell.leading_customers[page * PAGE : (page + 1) * PAGE]
    ids = [each.pk for each in taken]
    visible = Customer.objects.visible_to(request.actor).filter(pk__in=ids)
    names = dict(visible.values_list("pk", "name"))
    query = {name: str(given) for name, given in request.GET.items()}
    return {
        "cell": cell,
        "customers": [
            (each.pk, names[each.pk], each.revenue) for each in taken if each.pk in names
        ],
        "products": _products(request, cell),
        "previous": f"?{urlencode({**query, 'page': str(page - 1)})}#who" if page else "",
        "next": f"?{urlencode({**query, 'page': str(page + 1)})}#who"
        if len(cell.leading_customers) > (page + 1) * PAGE
        else "",
        "most": len(cell.leading_customers) if cell.customers > len(cell.leading_customers) else 0,
    }


def _products(request: PersonRequest, cell: figures.GrowthCell) -> list[tuple[str, str, float]]:
    """Name, address and revenue; empty for who doesn't read what was ordered."""
    actor = request.actor
    if not (actor.may("read", "order") and actor.may("read", "product")):
        return []
    rows = Product.objects.visible_to(actor).in_bulk([each.pk for each in cell.leading_products])
    url_of = registry["product"].url_of
    return [
        (rows[each.pk].name, url_of(rows[each.pk]), each.revenue)
        for each in cell.leading_products
        if each.pk in rows
    ]


def _finding(period: figures.GrowthPeriod) -> Any:
    if period.revenue <= 0:
        return ""
    new_products = period.cell("expansion").revenue + period.cell("diversification").revenue
    new_customers = period.cell("acquisition").revenue + period.cell("diversification").revenue
    return told(
        _("New products brought %(products)s of the revenue, new customers %(customers)s"),
        products=numbers.percent(new_products / period.revenue, 1),
        customers=numbers.percent(new_customers / period.revenue, 1),
    )
