"""What keeps important dates in step: birthdays follow the contacts, and the next day follows the calendar."""

from __future__ import annotations

from datetime import date

from django.db import connection

from kezhi.audit.recording import as_one_batch, audited, note
from kezhi.core.actor import Actor
from kezhi.customers.models import Contact, ImportantDate

BIRTHDAY = ImportantDate.Occasion.BIRTHDAY


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


def is_rolling_due(on: date) -> bool:
    """Whether a day has passed that comes again, or a contact's birthday isn't remembered yet."""
    passed = ImportantDate.objects.filter(is_yearly=True, next_on__lt=on)
    missing = Contact.objects.filter(birthday__isnull=False, has_left=False)
    missing = missing.exclude(important_dates__occasion=BIRTHDAY)
    return bool(passed.exists() or missing.exists())


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
