"""The order that a ticket is about: chosen among the customer's, with the days that were promised and kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from kezhi.accounts.models import User
from kezhi.ledger.models import Order
from kezhi.records import registry
from kezhi.service.models import Ticket, TicketEntry
from kezhi.web.records.cells import properties

OFFERED = 20
MOST_NAMED = 3
SHOWN = ("ordered_on", "amount", "promised_on", "delivered_on")


def orders_of(ticket: Ticket, actor: User) -> Any:
    """The customer's orders that the actor sees."""
    return registry["order"].visible_to(actor).filter(customer_id=ticket.customer_id)


def about(
    ticket: Ticket,
    actor: User,
    on: date,
    *,
    may_choose: bool = False,
    entries: Iterable[TicketEntry] = (),
) -> dict[str, Any] | None:
    """The order with its days, and the latest ones to choose from, those first that `entries` name; None where
    there is nothing to show."""
    if ticket.customer_id is None or not actor.may("read", "order"):
        return None
    offered: list[Order] = []
    if may_choose:
        offered = list(orders_of(ticket, actor).order_by("-ordered_on", "-pk")[:OFFERED])
    order = next((each for each in offered if each.pk == ticket.order_id), None)
    if order is None and ticket.order_id is not None:
        order = orders_of(ticket, actor).filter(pk=ticket.order_id).first()
        if order is not None and may_choose:
            offered.append(order)
    if ticket.order_id is None and not offered:
        return None
    kind = registry["order"].seen_by(actor)
    names = [name for name in SHOWN if name in kind]
    return {
        "order": order,
        "is_hidden": order is None and ticket.order_id is not None,
        "url": kind.url_of(order) if order is not None else "",
        "cells": properties(kind, order, names) if order is not None else [],
        "late": _days_late(order, on) if order is not None and set(SHOWN) <= set(names) else 0,
        "named": _named(offered, ticket, entries) if ticket.order_id is None else [],
        "offered": [(str(each.pk), f"{each.number} · {each.ordered_on}") for each in offered],
    }


def _named(offered: list[Order], ticket: Ticket, entries: Iterable[TicketEntry]) -> list[Order]:
    """Whose number stands in what was said."""
    said = "\n".join([ticket.subject, *(entry.text for entry in entries)])
    return [each for each in offered if each.number in said][:MOST_NAMED]


def _days_late(order: Order, on: date) -> int:
    """By how many days delivery missed the promise, or misses it until now."""
    if order.promised_on is None:
        return 0
    return max(((order.delivered_on or on) - order.promised_on).days, 0)
