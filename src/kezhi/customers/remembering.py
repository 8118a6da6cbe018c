"""Important dates of a customer, each with a reminder in time."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.completing import score_customers
from kezhi.customers.creating import may_reach
from kezhi.customers.keeping import deeds_for
from kezhi.customers.models import ImportantDate
from kezhi.workbench.customizing.entering import put, settle

MOST_REMIND_DAYS = 90
EARLIEST = date(1800, 1, 1)
BIRTHDAY = ImportantDate.Occasion.BIRTHDAY


@audited("important_date.created")
def create_important_date(fields: dict[str, Any], *, actor: Actor, on: date) -> ImportantDate:
    important = ImportantDate(created_by_id=actor.pk)
    put("important_date", important, fields, actor)
    _check(important, actor)
    important.roll(on)
    settle("important_date", important)
    important.save()
    score_customers([important.customer_id], on=on)
    return important


@audited("important_date.edited")
def edit_important_date(
    important: ImportantDate,
    changes: dict[str, Any],
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
) -> ImportantDate:
    important = claim(important, actor=actor, action="edit", version=version)
    note(fields=sorted(changes))
    put("important_date", important, changes, actor)
    _check(important, actor)
    important.roll(on)
    settle("important_date", important)
    important.version += 1
    important.save()
    return important


delete_important_date = deeds_for("important_date", ImportantDate).delete


def _check(important: ImportantDate, actor: Actor) -> None:
    if not may_reach(actor, "create", "important_date", important.customer):
        raise NotAllowed(_("Your role doesn't add this to that customer."))
    for name, entry in important.customer.place.items():
        setattr(important, name, entry)
    contact = important.contact
    if contact is not None and contact.customer_id != important.customer_id:
        raise Refused(_("Choose a contact of this customer."))
    if important.day < EARLIEST:
        raise Refused(_("Choose the day, with its year."))
    if important.remind_days > MOST_REMIND_DAYS:
        raise Refused(
            _("Reminders begin at most %(days)s days before.") % {"days": MOST_REMIND_DAYS}
        )
    if important.occasion == BIRTHDAY and contact is not None:
        same = ImportantDate.objects.filter(contact=contact, occasion=BIRTHDAY)
        if same.exclude(pk=important.pk).exists():
            raise Refused(_("This contact's birthday is recorded already."))
