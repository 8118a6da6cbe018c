"""Complaints on the customer's page: the banner while something is open, and what there was."""

from __future__ import annotations

from typing import Any

from kezhi.accounts.models import User
from kezhi.customers.models import Customer
from kezhi.records import Condition, registry
from kezhi.service.complaints.troubling import Trouble
from kezhi.service.models import Complaint
from kezhi.web.complaints import marks
from kezhi.web.customers.filled import holds

SHOWN = 5


def known(customer: Customer) -> Trouble | None:
    """Asked once for each page, whoever of its parts asks."""
    if not hasattr(customer, "trouble_known"):
        may_be = holds(customer, "complaint", "ticket")
        customer.trouble_known = (  # type: ignore[attr-defined]
            marks.trouble_of(customer.pk) if may_be else None
        )
    return customer.trouble_known  # type: ignore[attr-defined,no-any-return]


def why_not_now(customer: Customer) -> str:
    """What stands against selling to this customer, in words; "" where nothing does."""
    found = known(customer)
    return found.words if found is not None else ""


def of(customer: Customer, actor: User) -> dict[str, Any]:
    """`trouble` is told to everybody who sees the customer; the complaints to who reads complaints."""
    may_read = actor.may("read", "complaint")
    kind = registry["complaint"]
    rows = Complaint.objects.visible_to(actor).counted().filter(customer=customer)
    rows = rows.select_related("ticket", "cause").order_by("-opened_at", "-pk")
    condition = Condition("customer", "eq", str(customer.pk))
    return {
        "trouble": known(customer),
        "trouble_url": marks.list_url(customer.pk) if may_read else "",
        "complaints": list(rows[:SHOWN]) if may_read and holds(customer, "complaint") else [],
        "complaints_url": kind.list_url(condition, view="all"),
        "complaint_kind": kind,
    }
