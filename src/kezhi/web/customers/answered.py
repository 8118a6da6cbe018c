"""What a customer gets from us and whether it will come back, by what its people answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from kezhi.core.actor import Actor
from kezhi.customers.models import Customer
from kezhi.insight.delivering import side_of
from kezhi.insight.models import CustomerReading, Study
from kezhi.insight.studying import newest_readings
from kezhi.records import Condition, registry
from kezhi.satisfaction.models import SurveyItem
from kezhi.value.delivered import ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Answered:
    """What the newest studies say of the customer; each None where nobody was asked."""

    delivered: CustomerReading | None
    loyalty: CustomerReading | None
    parts: tuple[dict[str, Any], ...]
    answers_url: str


def told_with(rows: QuerySet[Customer], actor: Actor) -> QuerySet[Customer]:
    """The same customers, knowing in the same query whether there is something to read: mostly there isn't."""
    readings = newest_readings(actor).filter(customer=OuterRef("pk"))
    return rows.annotate(is_answered=Exists(readings))


def of(customer: Customer, actor: Actor) -> Answered | None:
    """None for who may not read answers, and where there are none."""
    if not actor.may("read", "survey_answer"):
        return None
    if not getattr(customer, "is_answered", True):
        return None
    rows = newest_readings(actor).filter(customer=customer)
    found = {reading.study.subject: reading for reading in rows.select_related("study")}
    if not found:
        return None
    delivered = found.get(Study.Subject.DELIVERED)
    labels = dict(SurveyItem.Factor.choices)
    known = delivered.figures["attributes"] if delivered else []
    return Answered(
        delivered=delivered,
        loyalty=found.get(Study.Subject.DRIVERS),
        parts=tuple(
            {"label": labels[name], "points": points, "side": side_of(name)}
            for name, points in zip(ATTRIBUTES, known, strict=False)
            if points is not None
        ),
        answers_url=registry["survey_answer"].list_url(
            Condition("customer", "eq", str(customer.pk))
        ),
    )
