"""Facts entered by hand. Orders come by import; a single cost can be typed in."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed
from kezhi.customers.creating import may_reach
from kezhi.customers.models import Customer
from kezhi.customers.placing import follow_in
from kezhi.ledger.models import CostEntry, Order
from kezhi.workbench.customizing.entering import put


@audited("cost.entered")
def enter_cost(fields: dict[str, Any], *, actor: Actor, on: date) -> CostEntry:
    """What serving a customer cost; corrected by a negative entry, never changed."""
    customer: Customer = fields["customer"]
    if not may_reach(actor, "create", "cost", customer):
        raise NotAllowed(_("Your role doesn't enter costs for this customer."))
    cost = CostEntry(entry_key=uuid.uuid4().hex, **customer.place)
    put("cost", cost, fields, actor)
    cost.save()
    return cost


def follow_owners(customer_ids: list[int]) -> None:
    """The facts repeat the owner, team and department of their customers."""
    for model in (Order, CostEntry):
        follow_in(model._meta.db_table, customer_ids)
