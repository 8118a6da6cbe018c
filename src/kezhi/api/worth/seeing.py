"""Who may read what customers are worth: the same on every operation of value as on every page of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from kezhi.api.calling import Call
from kezhi.api.problems import Problem
from kezhi.api.records import visible
from kezhi.api.writing import named
from kezhi.customers.models import Customer
from kezhi.records import registry


def must_see_value(call: Call) -> None:
    """403 for whoever reads no customers, or not what they are worth."""
    call.must_may("read", "customer")
    if not call.actor.sees("customer", "value"):
        raise Problem("forbidden", _("This integration, or its owner, isn’t permitted this."))


def customer_of(call: Call, action: str = "read") -> Customer:
    """The customer of the address, for who may know what it is worth."""
    must_see_value(call)
    customer: Customer = visible(call, call.kind("customer"), action)
    return customer


def told(customer: Customer) -> dict[str, Any]:
    """A customer that a figure is about."""
    return named(customer, registry.declared("customer"))


def money(amount: Decimal | float | None) -> str | None:
    """An amount as text, so that no digit is lost."""
    return None if amount is None else f"{amount:.2f}"


def number(figure: float | None) -> float | None:
    """A figure to six places: the rest is noise of the machine."""
    return None if figure is None else round(figure, 6)


def on(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
