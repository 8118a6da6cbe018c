"""How much is known of a customer of what one should know, and how fresh it is: a score from 0 to 100.

One statement measures one customer or a million: the deeds call it for theirs, a job for all, because what
is known grows old. The weights are `reference/completeness.csv`.
"""

# ruff: noqa: S608  # the fragments are the code's own; what comes from outside goes as a parameter
from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType

from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.audit.recording import as_one_batch, audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.progress import Progress, silent
from kezhi.customers.models import Customer

REFERENCE = Path(__file__).parent / "reference" / "completeness.csv"
CHUNK = 10_000
FRESH_DAYS, STALE_DAYS = 180, 365

_ZONE = "(SELECT coalesce(max(time_zone), 'UTC') FROM accounts_company WHERE id = 1)"
_TOUCHED = f"greatest(c.confirmed_on, (c.updated_at AT TIME ZONE {_ZONE})::date)"
_AGE = f"(%(on)s::date - {_TOUCHED})"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that should be known. `share` is the SQL of how much of it is, 0 to 1; `goes_to` names the
    part of the customer's page or form where it is filled in."""

    name: str
    label: str | Promise
    share: str
    goes_to: str


def _given(column: str) -> str:
    return f"(c.{column} <> '')::int"


def _contacts(condition: str) -> str:
    return (
        "EXISTS (SELECT 1 FROM customers_contact k WHERE k.customer_id = c.id AND NOT k.has_left"
        f" AND {condition})::int"
    )


ITEMS = (
    Item("credit_code", _("Unified social credit code"), _given("credit_code"), "credit_code"),
    Item("industry", _("Industry"), _given("industry"), "industry"),
    Item("place", _("Region and city"), "((c.region <> '' AND c.city <> ''))::int", "region"),
    Item(
        "address",
        _("Address"),
        "(c.address <> '' OR EXISTS (SELECT 1 FROM customers_address a WHERE a.customer_id = c.id))::int",
        "new_address",
    ),
    Item("reach", _("Phone or e-mail"), "(c.phone <> '' OR c.email <> '')::int", "phone"),
    Item(
        "second_reach",
        _("A second way to reach them"),
        "(((c.phone <> '')::int + (c.email <> '')::int + (c.wechat <> '')::int) > 1)::int",
        "wechat",
    ),
    Item("source", pgettext_lazy("customer", "Source"), _given("source"), "source"),
    Item("payment_days", _("Payment term"), "(c.payment_days IS NOT NULL)::int", "payment_days"),
    Item("owner", pgettext_lazy("record", "Owner"), "(c.owner_id IS NOT NULL)::int", "owner"),
    Item("contact", _("A contact"), _contacts("true"), "new_contact"),
    Item(
        "decider",
        _("Who decides"),
        _contacts("k.decision_role = 'decider'"),
        "new_contact",
    ),
    Item(
        "contact_reach",
        _("A contact's phone or e-mail"),
        _contacts("(k.phone <> '' OR k.email <> '')"),
        "new_contact",
    ),
    Item(
        "birthday",
        _("Birthday"),
        "EXISTS (SELECT 1 FROM customers_importantdate d WHERE d.customer_id = c.id"
        " AND d.occasion = 'birthday')::int",
        "new_date",
    ),
    Item(
        "fresh",
        _("Confirmed or changed within half a year"),
        f"(CASE WHEN {_AGE} <= {FRESH_DAYS} THEN 1 WHEN {_AGE} <= {STALE_DAYS} THEN 0.5 ELSE 0 END)",
        "confirm",
    ),
)
BY_NAME = MappingProxyType({item.name: item for item in ITEMS})


@cache
def weights() -> Mapping[str, Mapping[str, int]]:
    """By the form of the customer, what each item weighs; an item that isn't named there doesn't count."""
    found: dict[str, dict[str, int]] = {"company": {}, "person": {}}
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["item"] not in BY_NAME:
                raise ValueError(f"completeness.csv names an unknown item: {row['item']}")
            found[row["form"]][row["item"]] = int(row["weight"])
    return found


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is missing, or half old; `points` is what filling it in would add to the score."""

    item: Item
    points: int


@dataclass(frozen=True, slots=True)
class Completeness:
    score: int
    gaps: tuple[Gap, ...]
    touched_on: date


def completeness_of(customer: Customer, *, on: date) -> Completeness:
    """The score as of today, and what is missing, the weightiest first; one query."""
    weighed = weights()[customer.form]
    names = list(weighed)
    shares = ", ".join(BY_NAME[name].share for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_TOUCHED}, {shares} FROM customers_customer c WHERE c.id = %(id)s",
            {"on": on, "id": customer.pk},
        )
        touched_on, *found = cursor.fetchone()
    whole = sum(weighed.values())
    has = {name: float(share) for name, share in zip(names, found, strict=True)}
    score = round(100 * sum(weighed[name] * has[name] for name in names) / whole)
    gaps = [
        Gap(BY_NAME[name], round(100 * weighed[name] * (1 - has[name]) / whole))
        for name in names
        if has[name] < 1
    ]
    return Completeness(score, tuple(sorted(gaps, key=lambda gap: -gap.points)), touched_on)


def _score() -> str:
    """The SQL of the score of a row `c`."""
    whens = []
    for form, weighed in weights().items():
        parts = " + ".join(f"{weight} * {BY_NAME[name].share}" for name, weight in weighed.items())
        whens.append(f"WHEN '{form}' THEN round(100.0 * ({parts}) / {sum(weighed.values())})")
    return f"(CASE c.form {' '.join(whens)} END)::smallint"


def score_customers(ids: Sequence[int], *, on: date) -> int:
    """Write the score of these customers where it changed; part of the deed that changed them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE customers_customer t SET completeness = s.score FROM ("
            f" SELECT c.id, {_score()} AS score FROM customers_customer c WHERE c.id = ANY(%(ids)s)"
            ") s WHERE t.id = s.id AND t.completeness IS DISTINCT FROM s.score",
            {"ids": list(ids), "on": on},
        )
        return int(cursor.rowcount)


@audited("customer.confirmed")
def confirm_customer(customer: Customer, *, actor: Actor, on: date) -> Customer:
    """Somebody looked: what is known of the customer is still right."""
    customer = claim(customer, actor=actor, action="edit")
    customer.confirmed_on = on
    customer.save(update_fields=["confirmed_on", "name_key"])
    score_customers([customer.pk], on=on)
    return customer


@audited("customer.scored")
def score_all(*, actor: Actor, on: date, progress: Progress = silent) -> int:
    """Every customer's score anew, because what is known grows old; how many changed."""
    changed = done = last = 0
    total = Customer.objects.count()
    with as_one_batch():
        while ids := list(
            Customer.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]
        ):
            changed += score_customers(ids, on=on)
            done, last = done + len(ids), ids[-1]
            progress(done, total)
    note(changed=changed)
    return changed


def score_new(*, on: date) -> int:
    """Scores for customers that have none yet: an import brings them by the hundred thousand."""
    scored = 0
    unscored = Customer.objects.filter(completeness__isnull=True).order_by("pk")
    while ids := list(unscored.values_list("pk", flat=True)[:CHUNK]):
        with transaction.atomic(), as_one_batch():
            scored += score_customers(ids, on=on)
    return scored
