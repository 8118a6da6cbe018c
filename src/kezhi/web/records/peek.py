"""A record seen beside its list: name, facts, properties, tags and what happened last."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kezhi.customers.models import Interaction
from kezhi.records import Kind
from kezhi.web.records import history
from kezhi.web.records.access import of_kind, visible
from kezhi.web.records.cells import cell, properties, subtitle_of, title_of
from kezhi.web.records.marking import marks_of
from kezhi.web.records.sightings import note_seen
from kezhi.web.requests import PersonRequest

MOST_FACTS = 4
LAST = 4


@require_safe
@of_kind
def show(request: PersonRequest, kind: Kind, pk: int) -> HttpResponse:
    """The panel; without script the record's page."""
    record = visible(request, kind, pk)
    if not request.htmx:
        return HttpResponseRedirect(kind.url_of(record))
    note_seen(request, kind, [record], (kind.field(name) for name in kind.properties), "peek")
    facts = [cell(kind.field(name), record) for name in kind.columns if name != kind.title]
    facts = [each for each in facts if not each.is_empty][:MOST_FACTS]
    shown = {each.field.name for each in facts}
    about = {
        "kind": kind,
        "record": record,
        "title": title_of(kind, record),
        "subtitle": subtitle_of(kind, record, shown),
        "facts": facts,
        "cells": [
            c for c in properties(kind, record) if c.field.name not in shown and not c.is_empty
        ],
        "may_edit": kind.edit is not None
        and kind.visible_to(request.actor, "edit").filter(pk=pk).exists(),
        "entries": _entries(request, kind, record),
        "mark": marks_of(kind.name, [record]).get(record.pk, ""),
        "history": history.of(request, kind, record, most=LAST),
    }
    return render(request, "records/_peek.html", about)


def _entries(request: PersonRequest, kind: Kind, record: Any) -> list[Interaction]:
    """The last lines of the customer's timeline, for a customer and what belongs to one."""
    if not request.actor.may("read", "interaction") or kind.name == "interaction":
        return []
    customer = record.pk if kind.name == "customer" else getattr(record, "customer_id", None)
    if customer is None:
        return []
    seen = Interaction.objects.visible_to(request.actor).filter(customer_id=customer)
    return list(seen.select_related("author").order_by("-at", "-pk")[:LAST])
