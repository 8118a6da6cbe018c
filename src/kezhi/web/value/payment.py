"""How a customer pays, opened: what went in, the orders behind, what would change it; the rate of capital."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from kezhi.customers.models import Customer
from kezhi.insight import figures, paying, serving
from kezhi.insight.models import PaymentBehaviour
from kezhi.insight.paying import LateOrder
from kezhi.records import Condition, registry
from kezhi.web import numbers
from kezhi.web.requests import PersonRequest, must_may, must_see, typed, typed_day, typed_number
from kezhi.web.value import costs
from kezhi.web.value.source import is_stale


@dataclass(frozen=True, slots=True)
class Line:
    """Something that went in, and the list that shows it."""

    label: str
    shown: Any
    href: str = ""


@require_safe
def of_customer(request: PersonRequest, pk: int) -> HttpResponse:
    """By the last run."""
    must_see(request, "customer", "value")
    customer: Customer = get_object_or_404(Customer.objects.visible_to(request.actor), pk=pk)
    basis = figures.basis()
    found = PaymentBehaviour.objects.visible_to(request.actor).filter(pk=pk).first()
    about: dict[str, Any] = {"customer": customer, "kind": registry["customer"], "found": None}
    if basis is None or found is None:
        return render(request, "value/payment.html", about)
    about |= {
        "found": found,
        "order_kind": registry["order"],
        "run": basis.run,
        "is_stale": is_stale(basis.run),
        "lines": list(_lines(found, basis.as_of)),
        "rates": paying.capital_rates()[::-1],
        "late": _late(request, pk, basis.as_of),
        "orders_url": _fell_due(pk, basis.as_of),
        "changes": list(_changes(found, basis.as_of)),
    }
    return render(request, "value/payment.html", about)


def _late(request: PersonRequest, pk: int, as_of: date) -> list[LateOrder]:
    if not request.actor.may("read", "order"):
        return []
    return paying.late_orders(request.actor, pk, as_of)


def _fell_due(pk: int, as_of: date, *more: Condition) -> str:
    conditions = (
        Condition("customer", "eq", str(pk)),
        Condition("due_on", "lte", as_of.isoformat()),
    )
    return registry["order"].list_url(*conditions, *more, sort="-due_on")


def _lines(found: PaymentBehaviour, as_of: date) -> Iterator[Line]:
    pk = found.pk
    yield Line(_("Orders that fell due"), numbers.number(found.orders), _fell_due(pk, as_of))
    late = _("%(count)s, %(share)s of them") % {
        "count": numbers.number(found.late_orders, plain=True),
        "share": numbers.percent(found.share_late, plain=True),
    }
    yield Line(_("Paid late, or late by now"), late)
    yield Line(_("Days late on average, by amount"), numbers.number(found.mean_days_late, 1))
    if found.overdue_orders:
        owed = ngettext(
            "%(amount)s in %(num)d order", "%(amount)s in %(num)d orders", found.overdue_orders
        ) % {"amount": numbers.money(found.overdue, plain=True), "num": found.overdue_orders}
        yield Line(_("Overdue now"), owed, _fell_due(pk, as_of, Condition("paid_on", "empty")))
    else:
        yield Line(_("Overdue now"), numbers.money(0))
    yield Line(_("Cost of late payment so far"), numbers.money(found.cost))
    yield Line(_("Cost of late payment, 12 months"), numbers.money(found.cost_12m))


def _changes(found: PaymentBehaviour, as_of: date) -> Iterator[str]:
    held = paying.capital_rate_on(as_of)
    if held is None or not held.rate:
        yield _(
            "No rate of capital holds, so lateness costs nothing in the figures; an owner publishes one under "
            "Rates and totals."
        )
    elif found.overdue:
        a_day = numbers.money(
            paying.cost_of_a_day(found.overdue, held.rate), exact=True, plain=True
        )
        sentence = _("As long as what is overdue stays open, it costs %(amount)s a day.")
        yield sentence % {"amount": a_day}
    if found.share_on_time < 1:
        yield _("Each order that is paid by its due date raises the share on time.")
    yield _("A paid date that is imported later counts with the next value run.")


@require_POST
def publish_rate(request: PersonRequest) -> HttpResponse:
    """POST rate (percent a year), since_on, reason."""
    must_may(request, "edit", "value_settings")
    must_see(request, "customer", "money")
    given = {name: typed(request, name, 300) for name in ("rate", "since_on", "reason")}
    percent = typed_number(given["rate"], may_be_percent=True)
    try:
        paying.publish_capital_rate(
            None if percent is None else percent / 100,
            actor=request.actor,
            on=request.today,
            since_on=typed_day(given["since_on"]),
            reason=given["reason"],
        )
    except serving.InvalidCost as invalid:
        return costs.rates_page(request, capital=given, capital_errors=invalid.errors, status=422)
    messages.success(request, _("Published. The next value run counts by it."))
    return HttpResponseRedirect(reverse("cost-rates") + "#capital")
