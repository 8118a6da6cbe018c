"""What is known of a party, as the panels beside its story: one query each that holds something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q

from kezhi.accounts.models import User
from kezhi.customers.completing import Completeness, completeness_of
from kezhi.customers.models import (
    Address,
    Customer,
    Identifier,
    ImportantDate,
    Need,
    Promise,
    Relation,
)
from kezhi.insight.exempting import exemption_of
from kezhi.ledger.models import Contract
from kezhi.records import Condition, registry
from kezhi.service.models import Ticket
from kezhi.web.attachments.panel import files_of
from kezhi.web.customers.filled import holds
from kezhi.web.customers.reach import reaches
from kezhi.web.requests import PersonRequest

SHOWN = 6
READ = 40
ADDABLE = (
    "ticket",
    "promise",
    "need",
    "relation",
    "important_date",
    "address",
    "identifier",
    "contact",
    "contract",
)


@dataclass(frozen=True, slots=True)
class Told:
    """An open promise and those of the others that can't hold beside it."""

    promise: Promise
    against: tuple[Promise, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """A relation as the customer's page tells it: the other party, and from which end."""

    relation: Relation
    party: Customer
    is_outgoing: bool


def of(request: PersonRequest, customer: Customer) -> dict[str, Any]:
    """Everything that the aside shows of the party."""
    actor, on = request.actor, request.today
    may_edit = reaches(actor, "edit", "customer", customer)
    may_add = {kind: reaches(actor, "create", kind, customer) for kind in ADDABLE}
    return {
        "may_add": may_add,
        "promises": promises(customer, actor),
        "needs": _open_needs(customer, actor),
        "tickets": _open_tickets(customer, actor),
        "relations": relations(customer, actor),
        "dates": _dates(customer, actor, on),
        "addresses": _rows(Address, "address", customer, actor, "-is_main", "use", "pk"),
        "identifiers": _rows(Identifier, "identifier", customer, actor, "system", "pk"),
        "contracts": _running_contracts(customer, actor),
        "files": files_of(
            "customer", customer.pk, actor, may_edit, has_some=holds(customer, "file")
        ),
        "completeness": completeness(customer, on),
        "list_urls": {
            kind: registry[kind].list_url(Condition("customer", "eq", str(customer.pk)), view="all")
            for kind in (
                "ticket",
                "promise",
                "need",
                "address",
                "identifier",
                "relation",
                "important_date",
                "contract",
            )
        },
        "may_confirm": may_edit,
        "exemption": exemption_of(customer) if getattr(customer, "is_exempt", True) else None,
        "sees_rights": actor.may("read", "consent"),
    }


def promises(customer: Customer, actor: User) -> tuple[Told, ...]:
    """The open ones, those that are due first; each with what contradicts it."""
    if not (actor.may("read", "promise") and holds(customer, "promise")):
        return ()
    rows = Promise.objects.visible_to(actor).open().filter(customer=customer)
    found = list(rows.select_related("made_by", "contact").order_by("due_on", "pk")[:READ])
    return tuple(Told(each, _against(each, found)) for each in found)


def _against(promise: Promise, others: list[Promise]) -> tuple[Promise, ...]:
    if not promise.is_contradicted:
        return ()
    return tuple(
        other
        for other in others
        if other.pk != promise.pk
        and (other.topic, other.subject_key) == (promise.topic, promise.subject_key)
        and promise.contradicts(other)
    )


def contradictory(told: tuple[Told, ...]) -> list[tuple[Promise, Promise]]:
    """Each pair once, the earlier promise first."""
    pairs = {
        tuple(sorted((each.promise.pk, other.pk))): (each.promise, other)
        for each in told
        for other in each.against
    }
    return [(a, b) if a.made_on <= b.made_on else (b, a) for a, b in pairs.values()]


def _open_needs(customer: Customer, actor: User) -> list[Need]:
    if not (actor.may("read", "need") and holds(customer, "need")):
        return []
    rows = Need.objects.visible_to(actor).open().filter(customer=customer)
    return list(rows.select_related("handler", "product").order_by("reply_due_on", "pk")[:SHOWN])


def _open_tickets(customer: Customer, actor: User) -> list[Ticket]:
    """What of theirs is open, the promised next first."""
    if not (actor.may("read", "ticket") and holds(customer, "ticket")):
        return []
    rows = Ticket.objects.visible_to(actor).open().filter(customer=customer)
    order = (F("due_at").asc(nulls_last=True), "-priority", "pk")
    return list(rows.select_related("assignee").order_by(*order)[:SHOWN])


def relations(customer: Customer, actor: User) -> list[Related]:
    """Both ways; a stranger's party is never named, because its relation isn't there for this person."""
    if not (actor.may("read", "relation") and holds(customer, "relation")):
        return []
    ends = Q(customer=customer) | Q(other=customer)
    rows = Relation.objects.visible_to(actor).filter(ends).select_related("customer", "other")
    return [
        Related(row, row.other, True)
        if row.customer_id == customer.pk
        else Related(row, row.customer, False)
        for row in rows.order_by("nature", "-pk")[:READ]
    ]


def _dates(customer: Customer, actor: User, on: date) -> list[ImportantDate]:
    if not (actor.may("read", "important_date") and holds(customer, "important_date")):
        return []
    rows = ImportantDate.objects.visible_to(actor).filter(customer=customer, next_on__gte=on)
    return list(rows.select_related("contact").order_by("next_on", "pk")[:SHOWN])


def _running_contracts(customer: Customer, actor: User) -> list[Contract]:
    """Those that the next renewal decides, the nearest first."""
    if not (actor.may("read", "contract") and holds(customer, "contract")):
        return []
    rows = Contract.objects.visible_to(actor).running().filter(customer=customer)
    return list(rows.order_by("ends_on", "pk")[:SHOWN])


def _rows(model: Any, kind: str, customer: Customer, actor: User, *order: str) -> list[Any]:
    if not (actor.may("read", kind) and holds(customer, kind)):
        return []
    rows = model.objects.visible_to(actor).filter(customer=customer)
    return list(rows.order_by(*order)[:READ])


def completeness(customer: Customer, on: date) -> Completeness | None:
    """Only of those who buy or may: nobody needs the payment term of a competitor."""
    is_customer = Customer.Role.CUSTOMER in customer.roles
    return completeness_of(customer, on=on) if is_customer else None
