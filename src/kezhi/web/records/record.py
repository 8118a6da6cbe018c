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
from kezhi.records import Collection, Condition, Kind, registry
from kezhi.web.attachments.panel import files_of
from kezhi.web.records import history, neighbours
from kezhi.web.records.access import of_kind, visible
from kezhi.web.records.actions import actions_of
from kezhi.web.records.cells import Cell, cell, properties, subtitle_of, title_of
from kezhi.web.records.sightings import note_seen
from kezhi.web.requests import PersonRequest
from kezhi.workbench import tagging

MOST_LINES = 200
MOST_RELATED = 5
RELATED_COLUMNS = 4
LAST_LINES = 20


@dataclass(frozen=True)
class Panel:
    """A part of the page below the properties: its template and what that needs."""

    template: str
    about: dict[str, Any]


@dataclass(frozen=True)
class Related:
    """The last records of another kind that hang on this one, and the list of them all."""

    label: str
    kind: Kind
    rows: list[tuple[str, str, list[Cell]]]
    list_url: str
    new_url: str


@dataclass(frozen=True)
class Group:
    """A section of the property panel."""

    title: str
    cells: list[Cell]


@require_safe
@of_kind
def show(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    return page(request, kind, visible(request, kind, pk))


def page(request: PersonRequest, kind: Kind, row: Any, *, status: int = 200) -> HttpResponse:
    """The page; after a refusal the forms of its panel hold what was typed (`request.POST`)."""
    pk = row.pk
    note_seen(request, kind, [row], (kind.field(name) for name in kind.properties), "page")
    may_edit = _may(request, kind, pk, "edit")
    panel = PANELS.get(kind.name)
    cells = properties(kind, row, may_reveal=request.actor.may("read", "reveal"))
    about = {
        "kind": kind,
        "record": row,
        "title": title_of(kind, row),
        "subtitle": subtitle_of(kind, row),
        "groups": grouped(kind, cells),
        "related": related(request, kind, row),
        "neighbours": neighbours.of(request, kind, pk),
        "may_edit": kind.edit is not None and may_edit,
        "may_delete": kind.delete is not None and _may(request, kind, pk, "delete"),
        "actions": actions_of(kind.name, row) if may_edit else [],
        "panel": panel(request, row) if panel else None,
        "history": history.of(request, kind, row),
        "files": files_of(kind.name, pk, request.actor),
        **tags_about(request, kind, row, may_edit),
    }
    return render(request, "records/record.html", about, status=status)


@require_safe
@of_kind
def position(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """The record's place in the list that `in` names, such as 2 / 14."""
    visible(request, kind, pk)
    place = neighbours.position(request, kind, pk)
    return render(request, "records/_position.html", {"place": place})


def grouped(kind: Kind, cells: list[Cell]) -> list[Group]:
    """The cells in the sections of the layout; tags stand by themselves."""
    by_name = {each.field.name: each for each in cells if each.field.name != tagging.FIELD}
    groups = []
    for section in kind.sections:
        its = [by_name.pop(name) for name in section.fields if name in by_name]
        if its:
            groups.append(Group(str(section.title), its))
    if by_name:
        groups.insert(0, Group("", list(by_name.values())))
    return groups


def tags_about(request: PersonRequest, kind: Kind, row: Any, may_edit: bool) -> dict[str, Any]:
    """What `_tags.html` needs."""
    if not kind.is_taggable:
        return {"tags": None, "may_tag": False}
    return {"tags": tagging.tags_of(kind.name, row), "may_tag": may_edit}


def related(request: PersonRequest, kind: Kind, row: Any) -> list[Related]:
    """A panel for each kind of record that hangs on this one and that the person may read."""
    found = []
    for collection in kind.collections:
        if collection.kind not in registry or not request.actor.may("read", collection.kind):
            continue
        other = registry[collection.kind].seen_by(request.actor)
        if other.name in WITHOUT_LIST or "__" in collection.path:
            continue
        found.append(_related(request, collection, other, row))
    return found


def _related(request: PersonRequest, collection: Collection, other: Kind, row: Any) -> Related:
    rows = other.visible_to(request.actor).filter(**{collection.path: row.pk})
    rows = rows.select_related(*other.select_related).order_by("-pk")[:MOST_RELATED]
    names = [name for name in other.columns if name not in (other.title, collection.path)]
    shown = []
    for each in rows:
        cells = [cell(other.field(name), each) for name in names[:RELATED_COLUMNS]]
        title = title_of(other, each)
        shown.append((title, other.url_of(each), [c for c in cells if not c.is_empty]))
    may_filter = collection.path in other and other.field(collection.path).is_filterable
    condition = Condition(collection.path, "eq", str(row.pk))
    may_add = other.create is not None and collection.path in other.form
    may_add = may_add and request.actor.may("create", other.name)
    return Related(
        str(collection.label),
        other,
        shown,
        other.list_url(condition) if may_filter else "",
        f"/{other.address}/new/?{collection.path}={row.pk}" if may_add else "",
    )


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


# Shown by pages of their own.
WITHOUT_LIST = frozenset({"interaction"})
PANELS: dict[str, Callable[[PersonRequest, Any], Panel | None]] = {
    "order": _order_lines,
    "product": _sales,
}
