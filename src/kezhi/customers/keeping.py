"""Creating, editing and deleting records of a customer that need no rule beyond permission.

A kind with rules of its own (a follow-up must have somebody to do it) writes its own deeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.completing import score_customers
from kezhi.customers.creating import may_reach
from kezhi.customers.models.belonging import Belonging
from kezhi.workbench.customizing.entering import put, settle

Check = Callable[[Any], None]
Follow = Callable[[list[int]], None]


@dataclass(frozen=True)
class Deeds:
    """What a `Kind` takes as its `create`, `edit` and `delete`."""

    create: Callable[..., Any]
    edit: Callable[..., Any]
    delete: Callable[..., Any]


def deeds_for(
    kind: str, model: type[Belonging], check: Check | None = None, follow: Follow | None = None
) -> Deeds:
    """The three deeds of a kind, named `<kind>.created` and so on in the audit.

    `check(record)` may put derived columns in order, or raise `Refused`, before a record is saved.
    `follow(customer ids)` comes after each change and keeps what is derived from the records.
    """

    def told(on: date, *customers: int) -> None:
        ids = list(dict.fromkeys(customers))
        if follow is not None:
            follow(ids)
        score_customers(ids, on=on)

    @audited(f"{kind}.created")
    def create(fields: dict[str, Any], *, actor: Actor, on: date) -> Any:
        record = model(created_by_id=actor.pk)
        put(kind, record, fields, actor)
        _place(record, kind, actor)
        if check is not None:
            check(record)
        settle(kind, record)
        record.save()
        told(on, record.customer_id)
        return record

    @audited(f"{kind}.edited")
    def edit(
        record: Any, changes: dict[str, Any], *, actor: Actor, on: date, version: int | None = None
    ) -> Any:
        record = claim(record, actor=actor, action="edit", version=version)
        before = record.customer_id
        note(fields=sorted(changes))
        put(kind, record, changes, actor)
        if "customer" in changes:
            _place(record, kind, actor)
        if check is not None:
            check(record)
        settle(kind, record)
        record.version += 1
        record.save()
        told(on, before, record.customer_id)
        return record

    @audited(f"{kind}.deleted")
    def delete(record: Any, *, actor: Actor, on: date) -> None:
        record = claim(record, actor=actor, action="delete")
        record.delete()
        told(on, record.customer_id)

    # Files of a kind without rules of its own are written in sets.
    create.is_plain = check is None and follow is None  # type: ignore[attr-defined]
    return Deeds(create, edit, delete)


def _place(record: Any, kind: str, actor: Actor) -> None:
    """Under a customer that the actor may work on, with the customer's owner, team and department."""
    if record.customer_id is None:
        raise Refused(_("Choose the customer whose record this is."))
    if not may_reach(actor, "create", kind, record.customer):
        raise NotAllowed(_("Your role doesn't add this to that customer."))
    for name, entry in record.customer.place.items():
        setattr(record, name, entry)
