"""What stands beside a customer's own value: who came through it, and what its people say they get."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from kezhi.api.calling import Call, answered
from kezhi.api.leafing import only_parameters
from kezhi.api.records import visible
from kezhi.api.taking import take
from kezhi.api.worth import seeing
from kezhi.insight import figures
from kezhi.insight.delivering import side_of
from kezhi.insight.models import CustomerReading, Study
from kezhi.insight.studying import newest_readings
from kezhi.value.delivered import ATTRIBUTES

GENERATIONS = ("brought_1", "brought_2", "brought_3")


def influence(call: Call) -> HttpResponse:
    """Whom the customer brought and what that transfers, its place in the network, what it told us."""
    customer = seeing.customer_of(call)
    only_parameters(call)
    basis = figures.basis()
    found = figures.influence_of(call.actor, customer.pk, basis) if basis is not None else None
    take(1, call)
    return answered(
        {
            "customer": seeing.told(customer),
            "as_of": seeing.on(basis.as_of) if basis is not None else None,
            "influence": _bringer(found) if found is not None else None,
        }
    )


def _bringer(found: figures.Bringer) -> dict[str, Any]:
    brought = dict(zip(GENERATIONS, map(seeing.money, found.brought), strict=True))
    return {
        "own_value": seeing.money(found.own),
        "referred": found.referred,
        **brought,
        "received": seeing.money(found.received),
        "given": seeing.money(found.given),
        "value_after_transfers": seeing.money(found.transferred),
        "own_coming_was_worth": seeing.money(found.worth),
        "network_rank": found.rank,
        "network_value": seeing.money(found.share),
        "points": seeing.number(found.points),
        "information_value": seeing.money(found.information),
    }


def delivered(call: Call) -> HttpResponse:
    """What the newest studies of survey answers say of one customer; null where nobody was asked."""
    customer = visible(call, call.kind("customer"))
    only_parameters(call)
    rows = newest_readings(call.actor).filter(customer=customer).select_related("study")
    found = {each.study.subject: each for each in rows}
    take(1, call)
    return answered(
        {
            "customer": seeing.told(customer),
            "delivered": _reading(found.get(Study.Subject.DELIVERED), _attributes),
            "loyalty": _reading(found.get(Study.Subject.DRIVERS), _loyalty),
        }
    )


def _reading(reading: CustomerReading | None, further: Any) -> dict[str, Any] | None:
    if reading is None:
        return None
    return {
        "as_of": seeing.on(reading.study.as_of),
        "respondents": reading.respondents,
        "score": seeing.number(reading.score),
        "low": seeing.number(reading.low),
        "high": seeing.number(reading.high),
        **further(reading),
    }


def _attributes(reading: CustomerReading) -> dict[str, Any]:
    known = zip(ATTRIBUTES, reading.figures["attributes"], strict=False)
    parts = [
        {"attribute": name, "points": seeing.number(points), "side": side_of(name)}
        for name, points in known
        if points is not None
    ]
    return {"attributes": parts}


def _loyalty(reading: CustomerReading) -> dict[str, Any]:
    return {"probability": seeing.number(reading.probability)}
