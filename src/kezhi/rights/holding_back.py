"""Legal holds: what must stay although somebody asks for its end, and why."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer
from kezhi.records.treatment import treatments
from kezhi.rights.models import LegalHold
from kezhi.rights.tracing import Person


@audited("legal_hold.set")
def set_hold(
    *, actor: Actor, on: date, reason: str, customer: Customer | None = None, table: str = ""
) -> LegalHold:
    """Keep a customer with all that hangs on them, or all rows of a table, until the hold ends."""
    _demand(actor)
    if not reason.strip():
        raise Refused(_("Say what it is for: a dispute, an audit, a court."))
    if (customer is None) == (not table):
        raise Refused(_("Choose a customer or a table."))
    if table and table not in treatments():
        raise Refused(_("There is no such table."))
    return LegalHold.objects.create(
        customer_id=customer.pk if customer else None,
        table_name=table,
        reason=reason.strip()[:300],
        since=on,
        set_by_id=actor.pk,
        set_by_name=actor.name[:150],
    )


@audited("legal_hold.ended")
def end_hold(hold: LegalHold, *, actor: Actor, on: date, reason: str) -> LegalHold:
    _demand(actor)
    hold = LegalHold.objects.select_for_update().get(pk=hold.pk)
    if hold.ended_on is not None:
        raise Refused(_("This hold has ended already."))
    if not reason.strip():
        raise Refused(_("Say why it isn't needed any more."))
    hold.ended_on, hold.end_reason = on, reason.strip()[:300]
    hold.save()
    return hold


def reasons_for(person: Person) -> list[str]:
    """Why this person can't be erased now."""
    customer = person.pk if isinstance(person, Customer) else person.customer_id
    rows = LegalHold.objects.filter(customer_id=customer, ended_on__isnull=True).order_by("pk")
    return list(rows.values_list("reason", flat=True))


def held_tables() -> dict[str, str]:
    """Table → why its rows stay."""
    rows = LegalHold.objects.filter(ended_on__isnull=True).exclude(table_name="").order_by("pk")
    return {row.table_name: row.reason for row in rows}


def held_customers() -> list[int]:
    rows = LegalHold.objects.filter(ended_on__isnull=True).values_list("customer_id", flat=True)
    return [pk for pk in rows if pk is not None]


def _demand(actor: Actor) -> None:
    if not actor.may("edit", "data_right"):
        raise NotAllowed(_("Your role doesn't set legal holds."))
