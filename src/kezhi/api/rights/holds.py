"""Legal holds and retention for programs: what must stay, what the next night would take away."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from kezhi.api.calling import Call, answered
from kezhi.api.leafing import leafed, only_parameters
from kezhi.api.members import REFERENCE, Member, other, whole, words
from kezhi.api.problems import not_found
from kezhi.api.records import done
from kezhi.api.sending import sent
from kezhi.api.writing import named
from kezhi.core.ids import record_id
from kezhi.customers.models import Customer
from kezhi.records import registry
from kezhi.rights.holding_back import end_hold, set_hold
from kezhi.rights.models import LegalHold
from kezhi.rights.retaining import LONGEST_DAYS, Standing, dry_run, set_rule

SET: dict[str, Member] = {
    "customer": Member(other("customer"), REFERENCE),
    "table": words(63),
    "reason": words(300, is_required=True),
}
ENDED: dict[str, Member] = {"reason": words(300, is_required=True)}
RULE: dict[str, Member] = {
    "table": words(63, is_required=True),
    "days": Member(
        whole(LONGEST_DAYS).read,
        {"type": "integer", "minimum": 0, "maximum": LONGEST_DAYS},
        is_required=True,
    ),
    "purpose": words(200, is_required=True),
}


def show_all(call: Call) -> HttpResponse:
    """Those in force and those that have ended."""
    page = leafed(call, LegalHold.objects.all())
    customers = _customers(call, [each.customer_id for each in page.rows])
    items = [_hold(each, customers) for each in page.rows]
    return answered({"items": items, "next": page.next})


def set_one(call: Call) -> HttpResponse:
    """On a customer with all that hangs on them, or on all rows of a table."""
    told = sent(call, SET)
    made = done(
        lambda: set_hold(
            actor=call.actor,
            on=call.today,
            reason=told["reason"],
            customer=told.get("customer"),
            table=told.get("table", ""),
        )
    )
    return answered(_hold(made, _customers(call, [made.customer_id])), 201)


def end(call: Call) -> HttpResponse:
    pk = record_id(call.parts["id"])
    hold = LegalHold.objects.filter(pk=pk).first() if pk is not None else None
    if hold is None:
        raise not_found()
    told = sent(call, ENDED)
    ended = done(lambda: end_hold(hold, actor=call.actor, on=call.today, reason=told["reason"]))
    return answered(_hold(ended, _customers(call, [ended.customer_id])))


def retention(call: Call) -> HttpResponse:
    """By table how long its rows stay, how many the next night would take away, and what holds the others."""
    only_parameters(call)
    return answered({"items": [_clock(each) for each in dry_run(call.at)]})


def set_retention(call: Call) -> HttpResponse:
    """The next night goes by it."""
    told = sent(call, RULE)
    rule = done(lambda: set_rule(**told, actor=call.actor, at=call.at))
    return answered(_clock(next(e for e in dry_run(call.at) if e.clock.table == rule.table_name)))


def _clock(standing: Standing) -> dict[str, Any]:
    return {
        "table": standing.clock.table,
        "name": str(standing.clock.label),
        "purpose": standing.purpose,
        "days": standing.days or None,
        "is_own": standing.is_own,
        "due": standing.due,
        "held": standing.held,
        "hold": standing.hold or None,
    }


def _hold(hold: LegalHold, customers: dict[int, Customer]) -> dict[str, Any]:
    customer = customers.get(hold.customer_id or 0)
    by = {"id": hold.set_by_id, "name": hold.set_by_name} if hold.set_by_id is not None else None
    return {
        "id": hold.pk,
        "customer": named(customer, registry.declared("customer")) if customer else None,
        "table": hold.table_name or None,
        "reason": hold.reason,
        "since": hold.since.isoformat(),
        "set_by": by,
        "ended_on": hold.ended_on.isoformat() if hold.ended_on else None,
        "end_reason": hold.end_reason or None,
    }


def _customers(call: Call, ids: list[int | None]) -> dict[int, Customer]:
    """Those of them that the actor sees; a hold on another's customer is listed without a name."""
    if not call.actor.may("read", "customer"):
        return {}
    wanted = [pk for pk in ids if pk is not None]
    found: dict[int, Customer] = Customer.objects.visible_to(call.actor).in_bulk(wanted)
    return found
