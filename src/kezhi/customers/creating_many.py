"""Many new customers in one step: what `create_customer` does for each, asked of the database once for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note, record_each
from kezhi.core.actor import Actor
from kezhi.core.names import name_key
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.completing import score_customers
from kezhi.customers.creating import check_roles, give
from kezhi.customers.matching_keeping import keep
from kezhi.customers.models import Customer, Standing
from kezhi.workbench.customizing.entering import put

UNIQUE = ("code", "credit_code")


@audited("customers.created")
def create_customers(
    rows: Sequence[Mapping[str, Any]], *, actor: Actor, on: date
) -> list[Customer]:
    """The new customers in the order of their fields; all of them, or none where one can't be.

    Each has its own row in the audit beside the one of this deed, which holds what they began with.
    """
    if not actor.may("create", "customer"):
        raise NotAllowed(_("Your role doesn't create customers."))
    codes = iter(_codes(sum(1 for row in rows if not row.get("code"))))
    customers = [_customer(row, codes, actor) for row in rows]
    _check_unique(customers)
    Customer.objects.bulk_create(customers)
    ids = [customer.pk for customer in customers]
    Standing.objects.bulk_create(Standing(customer=each, **each.place) for each in customers)
    keep("customer", ids)
    score_customers(ids, on=on)
    record_each("customer.created", customers, actor=actor)
    note(customers=len(ids))
    return customers


def _customer(row: Mapping[str, Any], codes: Any, actor: Actor) -> Customer:
    fields = dict(row)
    owner = fields.pop("owner", None) or person(actor)
    if not fields.get("code"):
        fields["code"] = next(codes)
    check_roles(fields)
    customer = Customer(created_by_id=actor.pk)
    put("customer", customer, fields, actor)
    customer.name_key = name_key(customer.name)
    give(customer, owner)
    return customer


def _check_unique(customers: Sequence[Customer]) -> None:
    for name in UNIQUE:
        wanted = [text for each in customers if (text := getattr(each, name))]
        is_taken = Customer.objects.filter(**{f"{name}__in": wanted}).exists() if wanted else False
        if is_taken or len(set(wanted)) < len(wanted):
            raise Refused(_("Two customers would have the same code."))


def _codes(count: int) -> list[str]:
    """As many free codes, in the order of the sequence that counts them."""
    found: list[str] = []
    while len(found) < count:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT nextval('customers_code_seq') FROM generate_series(1, %s)",
                [count - len(found)],
            )
            drawn = [f"C-{number:05d}" for (number,) in cursor.fetchall()]
        taken = set(Customer.objects.filter(code__in=drawn).values_list("code", flat=True))
        found += [code for code in drawn if code not in taken]
    return found
