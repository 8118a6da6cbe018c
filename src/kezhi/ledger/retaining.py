"""Who ever bought, cost money or has a contract is no prospect: facts stay, and their customer with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from kezhi.customers.retaining import DEALINGS
from kezhi.ledger.models import Contract, CostEntry, Order, OrderLine
from kezhi.records.retention import spare


def declare_own() -> None:
    spare("customers_customer", _has_facts)
    DEALINGS.append(_dealings)


def _has_facts(_until: datetime) -> Q:
    found = Q()
    for model in (Order, OrderLine, CostEntry, Contract):
        found |= Q(Exists(model._default_manager.filter(customer_id=OuterRef("pk"))))
    return found


def _dealings(until: datetime) -> list[QuerySet[Any]]:
    day = until.date()
    return [
        Order.objects.filter(ordered_on__gte=day),
        Contract.objects.filter(
            Q(ends_on__gte=day) & (Q(ended_on__isnull=True) | Q(ended_on__gte=day))
        ),
    ]
