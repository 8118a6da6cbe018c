"""What customers were promised on tickets, whether it was kept, and who held the ticket meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.utils.translation import gettext as _

from kezhi.accounts.models import Department
from kezhi.api.calling import Call, answered
from kezhi.api.entries import Wrong
from kezhi.api.entries import moment as read_moment
from kezhi.api.leafing import leafed, limit_of, only_parameters
from kezhi.api.problems import Problem
from kezhi.api.records import visible
from kezhi.api.taking import take
from kezhi.api.writing import moment, named, who
from kezhi.core.actor import Scope
from kezhi.core.ids import record_id
from kezhi.records import registry
from kezhi.service.clocks.holding import held_by
from kezhi.service.models import Clock, Ticket


def of_ticket(call: Call) -> HttpResponse:
    """The clocks of a ticket, and who held it from when until when."""
    ticket = visible(call, call.kind("ticket"))
    page = leafed(call, ticket.clocks.select_related("calendar", "person", "department"))
    sees_value = call.actor.sees("customer", "value")
    items = [clock(each, sees_value=sees_value) for each in page.rows]
    content: dict[str, Any] = {"items": items, "next": page.next}
    content["held"] = [
        {
            "person": each.person or None,
            "department": each.department or None,
            "from_at": moment(each.from_at),
            "until_at": moment(each.until_at) if each.until_at else None,
            "seconds": round(each.time.total_seconds()),
        }
        for each in held_by(ticket, call.at)
    ]
    return answered(content)


def breaches(call: Call) -> HttpResponse:
    """Promises that were broken, in the order in which they broke, of the tickets that the actor sees."""
    only_parameters(call, "since", "open", "cursor", "limit")
    limit = limit_of(call)
    rows = Clock.objects.filter(is_breached=True)
    if call.actor.scope("read", "ticket") is not Scope.ALL:
        rows = rows.filter(ticket__in=Ticket.objects.visible_to(call.actor))
    if call.flag("open"):
        rows = rows.open()
    rows = rows.filter(_since(call)).select_related("ticket", "calendar", "person", "department")
    found = list(rows.order_by("breached_at", "pk")[: limit + 1])
    page = found[:limit]
    take(len(page), call)
    kind = registry.declared("ticket")
    sees_value = call.actor.sees("customer", "value")
    items = [
        {"ticket": named(each.ticket, kind), **clock(each, sees_value=sees_value)} for each in page
    ]
    return answered({"items": items, "next": _cursor(page[-1]) if len(found) > limit else None})


def clock(each: Clock, *, sees_value: bool) -> dict[str, Any]:
    """One promise; the tier that it was made to is for those who see what customers are worth."""
    calendar = each.calendar
    return {
        "id": each.pk,
        "kind": str(each.kind),
        "state": str(each.state),
        "tier": (each.tier or None) if sees_value else None,
        "promised_minutes": each.promised_minutes,
        "measure": str(each.measure),
        "calendar": {"id": calendar.pk, "name": calendar.name} if calendar is not None else None,
        "started_at": moment(each.started_at),
        "due_at": _at(each.due_at),
        "paused_at": _at(each.paused_at),
        "ended_at": _at(each.ended_at),
        "elapsed_seconds": each.elapsed_seconds,
        "is_breached": each.is_breached,
        "breached_at": _at(each.breached_at),
        "person": who(each.person),
        "department": department(each.department),
    }


def department(each: Department | None) -> dict[str, Any] | None:
    """A department by id and name."""
    return {"id": each.pk, "name": each.name} if each is not None else None


def _at(at: datetime | None) -> str | None:
    return moment(at) if at is not None else None


def _since(call: Call) -> Q:
    """From the moment in `?since=`, or behind the row where the page before ended."""
    said = call.parameter("cursor") or call.parameter("since")
    if not said:
        return Q()
    # The row's id stands behind the moment, as two promises may break at the same one.
    at_text, _sign, pk_text = said.partition("~")
    pk = record_id(pk_text) if call.parameter("cursor") else None
    try:
        at = read_moment(at_text)
    except Wrong as reason:
        raise Problem("bad-request", str(reason)) from reason
    if not call.parameter("cursor"):
        return Q(breached_at__gte=at)
    if pk is None:
        raise Problem("bad-request", _("This cursor isn’t of this list. Begin without one."))
    return Q(breached_at__gt=at) | Q(breached_at=at, pk__gt=pk)


def _cursor(each: Clock) -> str:
    assert each.breached_at is not None  # of what is breached, by a constraint
    return f"{each.breached_at.isoformat().replace('+00:00', 'Z')}~{each.pk}"
