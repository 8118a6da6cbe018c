"""What the generic record pages of promises and needs show beside the properties, and what lists colour."""

from __future__ import annotations

from datetime import date
from typing import Any

from kezhi.accounts.models import User
from kezhi.customers.models import ImportantDate, Need, Promise
from kezhi.customers.promising import contradicting
from kezhi.records import registry
from kezhi.web.records.actions import TONES
from kezhi.web.records.record import PANELS, Panel
from kezhi.web.requests import PersonRequest


def _promise(request: PersonRequest, promise: Promise) -> Panel:
    may_edit = _may_edit(request, "promise", promise.pk)
    about = {
        "promise": promise,
        "against": contradicting(promise),
        "may_edit": may_edit,
        "states": [choice for choice in Promise.State.choices if choice[0] != Promise.State.OPEN],
        "kind": registry["promise"],
    }
    return Panel("customers/_promise_panel.html", about)


def _need(request: PersonRequest, need: Need) -> Panel:
    may_edit = _may_edit(request, "need", need.pk)
    people = []
    if may_edit and need.is_open:
        active = User.objects.active().order_by("name_key").values_list("pk", "name")
        people = [(pk, name) for pk, name in active if pk != need.handler_id]
    about = {
        "need": need,
        "may_edit": may_edit,
        "people": people,
    }
    return Panel("customers/_need_panel.html", about)


def _may_edit(request: PersonRequest, kind_name: str, pk: int) -> bool:
    rows = registry.declared(kind_name).visible_to(request.actor, "edit")
    return bool(rows.filter(pk=pk).exists())


def _promise_tones(promise: Promise, on: date) -> dict[str, str]:
    tones = _due(promise.due_on, on, "due_on") if promise.is_open else {}
    return {**tones, **({"is_contradicted": "risk"} if promise.is_contradicted else {})}


def _need_tones(need: Need, on: date) -> dict[str, str]:
    return _due(need.reply_due_on, on, "reply_due_on") if need.is_open else {}


def _date_tones(important: ImportantDate, on: date) -> dict[str, str]:
    begins = important.remind_on
    is_near = begins is not None and begins <= on and (important.next_on or on) >= on
    return {"next_on": "warn"} if is_near else {}


def _due(due_on: date, on: date, name: str) -> dict[str, Any]:
    return {} if due_on > on else {name: "risk" if due_on < on else "warn"}


PANELS.update({"promise": _promise, "need": _need})
TONES.update({"promise": _promise_tones, "need": _need_tones, "important_date": _date_tones})
