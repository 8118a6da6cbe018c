"""Sensitive data (papers, bank, health, place) is kept only with the person's separate consent."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kezhi.core.refusal import Refused
from kezhi.customers.models import Contact, Customer
from kezhi.customers.models.consent import Purpose
from kezhi.customers.reaching import Person, has_consent
from kezhi.records import DataClass, Field
from kezhi.workbench.customizing import entering


def demand_consent(record: Any, field: Field) -> None:
    """Before an entry goes into a custom field of that class."""
    if field.data_class is not DataClass.SENSITIVE:
        return
    person = _person_of(record)
    if person is None:
        raise Refused(
            _("%(field)s is sensitive data of a person: keep it on a contact.")
            % {"field": field.label}
        )
    if person.pk is None or not has_consent(person, Purpose.SENSITIVE):
        raise Refused(
            _("%(field)s is sensitive: record the person’s separate consent first.")
            % {"field": field.label}
        )


def register() -> None:
    entering.guards.append(demand_consent)


def _person_of(record: Any) -> Person | None:
    if isinstance(record, Contact):
        return record
    contact = getattr(record, "contact", None)
    if isinstance(contact, Contact):
        return contact
    customer = record if isinstance(record, Customer) else getattr(record, "customer", None)
    is_person = isinstance(customer, Customer) and customer.form == Customer.Form.PERSON
    return customer if is_person else None
