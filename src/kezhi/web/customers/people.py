"""The people at a customer, as the panel beside the story shows them."""

from __future__ import annotations

from dataclasses import dataclass

from kezhi.accounts.models import User
from kezhi.customers.models import Contact, Customer
from kezhi.records import FieldKind, Kind, registry
from kezhi.web.records.cells import Cell, cell, with_reveal

MOST = 30


@dataclass(frozen=True, slots=True)
class Person:
    """A contact; `reach` is the telephone number, else the e-mail, as far as the reader may know it."""

    contact: Contact
    role: str
    title: str
    reach: Cell | None

    @property
    def is_phone(self) -> bool:
        return self.reach is not None and self.reach.field.kind is FieldKind.PHONE


def of(customer: Customer, actor: User) -> list[Person]:
    kind = registry["contact"].seen_by(actor)
    may_reveal = actor.may("read", "reveal")
    rows = Contact.objects.visible_to(actor).filter(customer=customer)
    rows = rows.order_by("-is_primary", "name_key")[:MOST]
    return [person(kind, contact, may_reveal) for contact in rows]


def person(kind: Kind, contact: Contact, may_reveal: bool) -> Person:
    role = contact.get_decision_role_display() if "decision_role" in kind else ""
    title = contact.title if "title" in kind else ""
    return Person(contact, role, title, _reach(kind, contact, may_reveal))


def _reach(kind: Kind, contact: Contact, may_reveal: bool) -> Cell | None:
    for name in ("phone", "email"):
        if name in kind:
            shown = cell(kind.field(name), contact)
            if not shown.is_empty:
                return with_reveal(kind, contact, shown) if may_reveal else shown
    return None
