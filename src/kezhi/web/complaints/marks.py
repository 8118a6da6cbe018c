"""Trouble shown wherever a customer is: a banner on pages, a mark in lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from kezhi.records import Condition, registry
from kezhi.service.complaints.troubling import Trouble, troubles_of
from kezhi.web.records.marking import MARKS


def trouble_of(customer_id: int | None) -> Trouble | None:
    """What stands against selling to this customer, for the banner."""
    return troubles_of([customer_id]).get(customer_id) if customer_id is not None else None


def marks_of(customer_ids: Iterable[int]) -> dict[int, str]:
    """A short word for the customers in trouble, for lists."""
    return {
        pk: _("Open complaint") if trouble.complaints else _("Open fault")
        for pk, trouble in troubles_of(customer_ids).items()
    }


def of_customers(records: Sequence[Any]) -> dict[int, str]:
    """For a list of customers."""
    return marks_of(record.pk for record in records)


def of_contacts(records: Sequence[Any]) -> dict[int, str]:
    """For a list of contacts, by the customer whom they work for."""
    found = marks_of({record.customer_id for record in records})
    return {each.pk: found[each.customer_id] for each in records if each.customer_id in found}


def register() -> None:
    """Called once, when the addresses are read."""
    MARKS["customer"] = of_customers
    MARKS["contact"] = of_contacts


def list_url(customer_id: int) -> str:
    """The open complaints of a customer."""
    return registry["complaint"].list_url(Condition("customer", "eq", str(customer_id)), view="all")
