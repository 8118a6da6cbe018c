"""The audit log for systems that watch: every deed and every look at personal data, each once.

Told is what transactions wrote that all ended, in the order of their numbers: by ids alone, what a long one
writes would be passed over by whoever went on meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.api.calling import Call, answered
from kezhi.api.entries import Wrong
from kezhi.api.entries import moment as read_moment
from kezhi.api.leafing import limit_of, only_parameters
from kezhi.api.problems import Problem
from kezhi.api.taking import take
from kezhi.api.writing import moment
from kezhi.audit.models import Entry, Sighting
from kezhi.audit.sealing import horizon
from kezhi.core.ids import record_id
from kezhi.records import registry

LONGEST_DEED = 80
ASKED = ("cursor", "limit", "since", "who", "kind", "record")


def entries(call: Call) -> HttpResponse:
    """Who did what to what, when and why."""
    only_parameters(call, "deed", *ASKED)
    rows = Entry.objects.visible_to(call.actor)
    if deed := call.parameter("deed"):
        rows = rows.filter(deed=deed[:LONGEST_DEED])
    if kind := _kind(call):
        rows = rows.filter(subject_kind=registry.declared(kind).model._meta.model_name)
    if (pk := _id(call, "record")) is not None:
        rows = rows.filter(subject_id=pk)
    return _page(call, rows, _entry)


def sightings(call: Call) -> HttpResponse:
    """Who saw whose personal data, by day."""
    only_parameters(call, *ASKED)
    rows = Sighting.objects.all()
    if kind := _kind(call):
        rows = rows.filter(kind=kind)
    if (pk := _id(call, "record")) is not None:
        rows = rows.filter(object_id=pk)
    return _page(call, rows, _sighting)


def _page(call: Call, rows: Any, told: Callable[[Any], dict[str, Any]]) -> HttpResponse:
    """`next` is always there: whoever sends it later gets what was written since."""
    limit, (tx, pk) = limit_of(call), _after(call.parameter("cursor"))
    since = _since(call)
    rows = rows.filter(at__gte=since) if since is not None else rows
    person = _id(call, "who")
    rows = rows.filter(actor_id=person) if person is not None else rows
    rows = rows.filter(Q(tx__gt=tx) | Q(pk__gt=pk), tx__lt=horizon(), tx__gte=tx)
    found = list(rows.order_by("tx", "pk")[: limit + 1])
    page = found[:limit]
    take(len(page), call)
    if page:
        tx, pk = page[-1].tx, page[-1].pk
    content = {"items": [told(each) for each in page], "next": f"{tx}-{pk}"}
    return answered({**content, "there_are_more": len(found) > limit})


def _after(cursor: str) -> tuple[int, int]:
    """The transaction and the row where the page before ended."""
    first, _dash, second = (cursor or "0-0").partition("-")
    tx, pk = record_id(first), record_id(second)
    if tx is None or pk is None:
        raise Problem("bad-request", _("This isn’t a cursor of this list."))
    return tx, pk


def _since(call: Call) -> datetime | None:
    said = call.parameter("since")
    if not said:
        return None
    try:
        return read_moment(said)
    except Wrong as wrong:
        raise Problem("bad-request", str(wrong)) from wrong


def _kind(call: Call) -> str:
    said = call.parameter("kind")
    if said and said not in registry:
        raise Problem("bad-request", _("There is no kind “%(name)s” here.") % {"name": said[:60]})
    return said


def _id(call: Call, name: str) -> int | None:
    said = call.parameter(name)
    found = record_id(said) if said else None
    if said and found is None:
        raise Problem("bad-request", _("%(name)s is a number such as 7.") % {"name": name})
    return found


def _entry(entry: Entry) -> dict[str, Any]:
    program = entry.detail.get("by_integration")
    return {
        "id": entry.pk,
        "at": moment(entry.at),
        "deed": entry.deed,
        "who": _who(entry.actor_id, entry.actor_name),
        "program": _who(program, str(entry.detail.get("by_integration_name", ""))),
        "subject_kind": entry.subject_kind or None,
        "subject_id": entry.subject_id,
        "subject": entry.subject_title or None,
        "reason": entry.reason or None,
    }


def _sighting(seen: Sighting) -> dict[str, Any]:
    return {
        "id": seen.pk,
        "at": moment(seen.at),
        "day": seen.day.isoformat(),
        "who": _who(seen.actor_id, seen.actor_name),
        "kind": seen.kind,
        "record": seen.object_id,
        "name": seen.title,
        "where": seen.where,
    }


def _who(pk: int | None, name: str) -> dict[str, Any] | None:
    return {"id": pk, "name": name} if pk is not None else None
