"""Customers that came to a person by a hand-over and whose briefs they haven't read yet."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from kezhi.accounts.models import User
from kezhi.customers.models import HandOver, HandOverItem

SHOWN = 5


@dataclass(frozen=True, slots=True)
class HandedOver:
    hand_over_id: int
    leaver: str
    customers: int


def to(actor: User) -> list[HandedOver]:
    """By hand-over, how many briefs are unread; one query, by index."""
    rows = (
        HandOverItem.objects.filter(
            successor_id=actor.pk,
            kind="customer",
            read_at__isnull=True,
            hand_over__state=HandOver.State.DONE,
        )
        .values_list("hand_over_id", "hand_over__leaver__name")
        .annotate(Count("pk"))
        .order_by("-hand_over_id")
    )
    return [HandedOver(*row) for row in rows[:SHOWN]]
