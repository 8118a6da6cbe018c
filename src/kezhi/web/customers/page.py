"""The page of one customer: who they are, what they are worth and why, what happened, what comes next."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from kezhi.customers.creating import may_reach
from kezhi.customers.models import Customer
from kezhi.customers.models.standing import Stage
from kezhi.insight import figures
from kezhi.ledger.models import Order
from kezhi.records import Condition, registry
from kezhi.web.customers import neighbours, next_steps, owner, people, timeline, worth
from kezhi.web.customers.composer import KINDS, Draft
from kezhi.web.records.cells import properties
from kezhi.web.requests import PersonRequest

LAST_ORDERS = 5


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """The whole page, or the part that htmx asks for by the id of its target."""
    rows = Customer.objects.visible_to(request.actor).select_related("standing", "owner")
    customer: Customer = get_object_or_404(rows, pk=pk)
    target = request.htmx.target if request.htmx else None
    if target in ("timeline", "older"):
        return render(request, f"customers/_{target}.html", _timeline(request, customer))
    if target == "next-steps":
        return render(
            request,
            "customers/_next_steps.html",
            _next_steps(request, customer, figures.basis_for(request.actor)),
        )
    return whole(request, customer)


def whole(
    request: PersonRequest,
    customer: Customer,
    *,
    draft: Draft | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, with what was typed and refused if there is something."""
    actor = request.actor
    basis = figures.basis_for(actor)
    kind = registry["customer"].seen_by(actor)
    about = {
        **story(request, customer, draft or Draft()),
        **_next_steps(request, customer, basis),
        "worth": worth.of(customer, actor, basis) if basis else None,
        "contacts": people.of(customer, actor),
        "may_add_contact": may_reach(actor, "create", "contact", customer),
        "may_edit": may_reach(actor, "edit", "customer", customer),
        "owner_options": owner.options()
        if may_reach(actor, "assign", "customer", customer)
        else [],
        "reason": "",
        "orders": Order.objects.visible_to(actor)
        .filter(customer=customer)
        .order_by("-ordered_on", "-pk")[:LAST_ORDERS],
        "orders_url": registry["order"].list_url(Condition("customer", "eq", str(customer.pk))),
        "kind": kind,
        "sees_value": actor.sees("customer", "value"),
        "neighbours": neighbours.of(request, customer),
        "properties": properties(kind, customer, may_reveal=actor.may("read", "reveal")),
        "contact_kind": registry["contact"].seen_by(actor),
        "refusal": "",
    }
    return render(request, "customers/page.html", about, status=status)


def story(request: PersonRequest, customer: Customer, draft: Draft) -> dict[str, Any]:
    """The composer and the timeline under it."""
    return {
        **_timeline(request, customer),
        "draft": draft,
        "kinds": KINDS,
        "may_log": may_reach(request.actor, "create", "interaction", customer),
    }


def _timeline(request: PersonRequest, customer: Customer) -> dict[str, Any]:
    tab = request.GET.get("show", "")
    tab = tab if tab in timeline.TABS else ""
    before = request.GET.get("before", "")
    counts = timeline.counts(customer, request.actor)
    address = registry["customer"].url_of(customer)
    return {
        "customer": customer,
        "page": timeline.timeline(customer, request.actor, tab=tab, before=before),
        "tab": tab,
        "is_older": bool(before),
        "stage_labels": dict(Stage.choices),
        "order_kind": registry["order"],
        "address": address,
        "tabs": [
            {
                "label": label,
                "href": f"{address}?show={name}" if name else address,
                "count": counts[name] if name else None,
                "current": name == tab,
            }
            for name, (label, _sources) in timeline.TABS.items()
            if not name or counts[name] or name == tab
        ],
    }


def _next_steps(
    request: PersonRequest, customer: Customer, basis: figures.Basis | None
) -> dict[str, Any]:
    return {
        "customer": customer,
        "steps": next_steps.of(customer, request.actor, basis),
        "may_plan": may_reach(request.actor, "create", "follow_up", customer),
        "address": registry["customer"].url_of(customer),
    }
