"""Whether the same has happened before: by product, lane, carrier, person, customer, each by its index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.core.actor import Actor
from kezhi.records import Condition
from kezhi.records.fields import Label
from kezhi.service.models import Complaint

SHORT, LONG = timedelta(days=60), timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Similar:
    """Other complaints that have one thing in common with this one, within 60 and 365 days before it."""

    by: str
    label: Label
    what: str
    short: int
    long: int
    conditions: tuple[Condition, ...]


BY: dict[str, tuple[Label, str]] = {
    "customer": (_("Same customer"), "customer_id"),
    "product": (_("Same product"), "product_id"),
    "cause": (pgettext_lazy("complaints", "Same cause"), "cause_id"),
    "carrier": (_("Same carrier or supplier"), "carrier_id"),
    "lane": (_("Same lane"), "lane_key"),
    "responsible": (_("Same colleague"), "responsible_id"),
}


def similar(complaint: Complaint, actor: Actor) -> list[Similar]:
    """What it has in common with earlier ones that the actor may see; one query each, whatever they hold."""
    found = []
    for by, (label, column) in BY.items():
        known = getattr(complaint, column)
        if not known:
            continue
        counted = _before(complaint, actor, complaint.opened_at).filter(**{column: known})
        tally = counted.aggregate(
            short=Count("pk", filter=Q(opened_at__gte=complaint.opened_at - SHORT)),
            long=Count("pk"),
        )
        if tally["long"]:
            what = complaint.lane if by == "lane" else str(getattr(complaint, by))
            operand = what if by == "lane" else str(known)
            since = (complaint.opened_at - LONG).date().isoformat()
            conditions = (
                Condition(by, "eq", operand),
                Condition("opened_at", "after", since),
            )
            found.append(Similar(by, label, what, tally["short"], tally["long"], conditions))
    return found


def _before(complaint: Complaint, actor: Actor, at: datetime) -> Any:
    rows = Complaint.objects.visible_to(actor).counted()
    return rows.filter(opened_at__lt=at, opened_at__gte=at - LONG).exclude(pk=complaint.pk)
