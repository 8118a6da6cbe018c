"""The page of one record, from its declaration; what hangs on it in panels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kezhi.catalog.models import Product
from kezhi.ledger.models import Order, OrderLine
from kezhi.records import Kind
from kezhi.web.records.access import of_kind, visible
from kezhi.web.records.actions import actions_of
from kezhi.web.records.cells import properties, subtitle_of, title_of
from kezhi.web.requests import PersonRequest

MOST_LINES = 200
LAST_LINES = 20


@dataclass(frozen=True)
class Panel:
    """A part of the page below the properties: its template and what that needs."""

    template: str
    about: dict[str, Any]


@require_safe
@of_kind
def show(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    row = visible(request, kind, pk)
    may_edit = _may(request, kind, pk, "edit")
    panel = PANELS.get(kind.name)
    about = {
        "kind": kind,
        "record": row,
        "title": title_of(kind, row),
        "subtitle": subtitle_of(kind, row),
        "cells": properties(kind, row, may_reveal=request.actor.may("read", "reveal")),
        "may_edit": kind.edit is not None and may_edit,
        "may_delete": kind.delete is not None and _may(request, kind, pk, "delete"),
        "actions": actions_of(kind.name, row) if may_edit else [],
        "panel": panel(request, row) if panel else None,
    }
    return render(request, "records/record.html", about)


def _may(request: PersonRequest, kind: Kind, pk: int, action: str) -> bool:
    if not request.actor.may(action, kind.name):
        return False
    return bool(kind.visible_to(request.actor, action).filter(pk=pk).exists())


def _order_lines(request: PersonRequest, order: Order) -> Panel:
    lines = OrderLine.objects.filter(order=order).select_related("product").order_by("pk")
    return Panel(
        "records/_order_lines.html",
        {
            "lines": list(lines[:MOST_LINES]),
            "order": order,
            "sees_cost": request.actor.sees("order", "money"),
        },
    )


def _sales(request: PersonRequest, product: Product) -> Panel:
    """The last lines in which the product was sold, of the orders that this person sees."""
    lines = (
        OrderLine.objects.filter(product=product, order__in=Order.objects.visible_to(request.actor))
        .select_related("order", "customer")
        .order_by("-ordered_on", "-pk")
    )
    return Panel("records/_product_sales.html", {"lines": list(lines[:LAST_LINES])})


PANELS: dict[str, Callable[[PersonRequest, Any], Panel]] = {
    "order": _order_lines,
    "product": _sales,
}
