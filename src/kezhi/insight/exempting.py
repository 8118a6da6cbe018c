"""Who objected to automated judgement isn't judged: no score, tier, forecast, offer or place in a work list.

What they bought stays a fact: it counts in every total of the company. A tier that somebody gave by hand is
no automated judgement and stays.
"""

# ruff: noqa: S608  # columns are the model's own names
from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers import merging
from kezhi.customers.creating import may_reach
from kezhi.customers.models import Customer, Exemption, Standing
from kezhi.insight.models import Snapshot, ValueRun

# Columns of a snapshot that only tell what happened; everything else is a judgement.
FACTS = frozenset(
    {
        "id", "run", "customer", "as_of", "is_by_hand", "segment", "first_on", "last_on", "occasions",
        "repeats", "total", "return_rate", "revenue_12m", "contribution_12m", "realised_value",
        "realised_is_estimate", "revenue", "margin_rate", "cost_of_goods", "cost_to_serve",
    }
)  # fmt: skip
STANDING_FACTS = frozenset(
    {
        "customer", "owner_id", "team_id", "department_id", "run_id", "measured_on", "first_order_on",
        "last_order_on", "occasions", "revenue_12m", "contribution_12m", "realised_value",
        "realised_is_estimate",
    }
)  # fmt: skip
BY_HAND = ("tier", "previous_tier", "tier_since")
# Rows that exist only because a customer was judged: work lists, offers, likenesses, indices of influence.
LISTS = (
    "insight_lostcustomer", "insight_unprofitable", "insight_paymentbehaviour", "insight_offer",
    "insight_lookalike", "insight_influence", "insight_customerreading",
)  # fmt: skip
# What a column holds that can't be null.
EMPTY = {
    "ArrayField": "'{}'",
    "BooleanField": "false",
    "CharField": "''",
    "JSONField": "'{}'",
    "IntegerField": "0",
}
EXEMPT = "SELECT customer_id FROM customers_exemption WHERE ended_on IS NULL"


@audited("customer.exempted")
def exempt_customer(
    customer: Customer, *, actor: Actor, on: date, reason: str, channel: str = ""
) -> Exemption:
    """From now on nothing is worked out about this customer; what was is taken off every page at once."""
    _demand(actor, customer)
    if not reason.strip():
        raise Refused(_("Say who objected and how: the law asks for the reason."))
    Customer.objects.select_for_update(of=("self",)).get(pk=customer.pk)
    if exemption_of(customer) is not None:
        raise Refused(_("This customer is exempt already."))
    exemption = Exemption.objects.create(
        customer=customer,
        since=on,
        reason=reason.strip()[:300],
        channel=channel[:40],
        made_by_id=actor.pk,
    )
    forget([customer.pk])
    note(customer=customer.pk)
    return exemption


@audited("customer.exemption_ended")
def end_exemption(customer: Customer, *, actor: Actor, on: date, reason: str) -> Exemption:
    """The customer wants to be judged again; the next run does."""
    _demand(actor, customer)
    exemption = exemption_of(customer)
    if exemption is None:
        raise Refused(_("This customer isn't exempt."))
    if not reason.strip():
        raise Refused(_("Say who wants it: the law asks for the reason."))
    exemption.ended_on, exemption.end_reason = on, reason.strip()[:300]
    exemption.ended_by_id = actor.pk
    exemption.save()
    return exemption


def with_exemption(rows: QuerySet[Customer]) -> QuerySet[Customer]:
    """Each with `is_exempt`, so that hardly any page has to ask by itself."""
    standing = Exemption.objects.filter(customer=OuterRef("pk"), ended_on__isnull=True)
    return rows.annotate(is_exempt=Exists(standing))


def exemption_of(customer: Customer) -> Exemption | None:
    """The one in force."""
    return Exemption.objects.filter(customer=customer, ended_on__isnull=True).first()


def forget(customers: Sequence[int]) -> None:
    """Take the judgements of these customers off every page: standing, every run that is kept, lists."""
    ids = list(customers)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE customers_standing SET {_blank(Standing, STANDING_FACTS)}"
            " WHERE customer_id = ANY(%s)",
            [ids],
        )
        cursor.execute(
            f"UPDATE insight_snapshot SET {_blank(Snapshot, FACTS)} WHERE customer_id = ANY(%s)",
            [ids],
        )
        for table in LISTS:
            cursor.execute(f"DELETE FROM {table} WHERE customer_id = ANY(%s)", [ids])


def leave_unjudged(run: ValueRun) -> int:
    """In the transaction of a run: what it measured of the exempt is reduced to the facts."""
    with connection.cursor() as cursor:
        # Named one by one: the planner can't know how many rows the run has just written, and reads them all.
        cursor.execute(EXEMPT)
        exempt = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            f"UPDATE insight_snapshot SET {_blank(Snapshot, FACTS)}"
            " WHERE run_id = %s AND customer_id = ANY(%s)",
            [run.pk, exempt],
        )
        return int(cursor.rowcount)


def leave_off_lists() -> None:
    """After lists, offers or readings were made anew: the exempt aren't on them."""
    with connection.cursor() as cursor:
        for table in LISTS:
            cursor.execute(f"DELETE FROM {table} WHERE customer_id IN ({EXEMPT})")


def follow_merge(kind: str, ids: Sequence[int]) -> None:
    """What one of two records was exempt from, the one that stays is, too."""
    if kind != "customer":
        return
    exempt = Exemption.objects.filter(customer_id__in=ids, ended_on__isnull=True)
    if found := list(exempt.values_list("customer_id", flat=True)):
        forget(found)


def register() -> None:
    merging.on_merged.append(follow_merge)


def _demand(actor: Actor, customer: Customer) -> None:
    is_theirs = may_reach(actor, "edit", "customer", customer)
    is_officer = actor.may("edit", "data_right") and may_reach(actor, "read", "customer", customer)
    if not (is_theirs or is_officer):
        raise NotAllowed(_("Your role doesn't decide how this customer is judged."))


def _blank(model: Any, facts: frozenset[str]) -> str:
    """`score = NULL, stage = '', …` for every column that isn't a fact; a tier by hand stays."""
    sets = []
    for field in model._meta.concrete_fields:
        if field.name in facts:
            continue
        empty = "NULL" if field.null else EMPTY[field.get_internal_type()]
        if model is Snapshot and field.name == "tier":
            empty = "CASE WHEN is_by_hand THEN tier ELSE '' END"
        elif model is Standing and field.name in BY_HAND:
            held = "EXISTS (SELECT FROM insight_tieroverride o WHERE o.customer_id"
            held += " = customers_standing.customer_id AND o.state = 'in_force')"
            empty = f"CASE WHEN {held} THEN {field.column} ELSE {empty} END"
        sets.append(f'"{field.column}" = {empty}')
    return ", ".join(sets)
