"""Important dates: the day they come round next, and the birthdays of contacts among them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from kezhi.audit.recording import as_one_batch, audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach
from kezhi.customers.keeping import deeds_for
from kezhi.customers.models import Contact, ImportantDate

MOST_REMIND_DAYS = 90
EARLIEST = date(1800, 1, 1)
BIRTHDAY = ImportantDate.Occasion.BIRTHDAY


@audited("important_date.created")
def create_important_date(fields: dict[str, Any], *, actor: Actor, on: date) -> ImportantDate:
    important = ImportantDate(**fields, created_by_id=actor.pk)
    _check(important, actor)
    important.roll(on)
    important.save()
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
    for name, new in changes.items():
        setattr(important, name, new)
    _check(important, actor)
    important.roll(on)
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


def keep_birthday(contact: Contact, on: date) -> None:
    """The contact's birthday among the important dates, as part of the deed that changed the contact."""
    known = ImportantDate.objects.filter(contact=contact, occasion=BIRTHDAY).first()
    if contact.birthday is None or contact.has_left:
        if known is not None:
            known.delete()
        return
    important = known or ImportantDate(contact=contact, occasion=BIRTHDAY)
    important.customer_id = contact.customer_id
    important.name = contact.name
    important.day = contact.birthday
    for name, entry in contact.customer.place.items():
        setattr(important, name, entry)
    important.roll(on)
    important.save()


# What an import brought has no important date yet.
_MISSING = """
INSERT INTO customers_importantdate (customer_id, contact_id, owner_id, team_id, department_id, occasion,
  name, day, is_yearly, remind_days, remark, version, custom, created_at, updated_at)
SELECT c.customer_id, c.id, c.owner_id, c.team_id, c.department_id, 'birthday', c.name, c.birthday, true, 7,
  '', 1, '{}', now(), now()
FROM customers_contact c
WHERE c.birthday IS NOT NULL AND NOT c.has_left
  AND NOT EXISTS (SELECT 1 FROM customers_importantdate d
                  WHERE d.contact_id = c.id AND d.occasion = 'birthday')
ON CONFLICT DO NOTHING
"""
# 29 February plus some years is the 28th where there is no 29th.
_ROLL = """
UPDATE customers_importantdate d SET next_on = r.next_on, remind_on = r.next_on - d.remind_days
FROM (SELECT id, CASE WHEN this_year >= %(on)s THEN this_year ELSE next_year END AS next_on
      FROM (SELECT id,
              (day + make_interval(years => %(year)s - extract(year FROM day)::int))::date AS this_year,
              (day + make_interval(years => %(year)s + 1 - extract(year FROM day)::int))::date AS next_year
            FROM customers_importantdate
            WHERE is_yearly AND (next_on < %(on)s OR next_on IS NULL)) rounds) r
WHERE d.id = r.id
"""


@audited("important_date.rolled")
def roll_important_dates(*, actor: Actor, on: date) -> int:
    """What comes every year and is over this year gets its next day; how many did."""
    with as_one_batch(), connection.cursor() as cursor:
        cursor.execute(_MISSING)
        added = cursor.rowcount
        cursor.execute(_ROLL, {"on": on, "year": on.year})
        rolled = int(cursor.rowcount)
    note(added=added, rolled=rolled)
    return rolled
