"""Who went where between two runs: stages, tiers and loyalty classes; the latest moves between tiers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.db.models import Count, FilteredRelation, Q, Sum

from kezhi.core.actor import Actor
from kezhi.customers.models import Standing
from kezhi.customers.models.standing import Loyalty, Stage, Tier
from kezhi.insight.figures.basis import Basis, number
from kezhi.insight.figures.keeping import kept
from kezhi.insight.models import TierMove

Classing = Literal["stage", "tier", "loyalty"]
CLASSES = {"stage": Stage.values, "tier": Tier.values, "loyalty": Loyalty.values}


@dataclass(frozen=True, slots=True)
class FlowNode:
    name: str
    customers: int


@dataclass(frozen=True, slots=True)
class FlowLink:
    """`before` is empty for those who were no customers then."""

    before: str
    after: str
    customers: int
    potential_value: float


@dataclass(frozen=True, slots=True)
class Flow:
    """Buyers by class at two runs, and how they went from one class to the other."""

    starts_on: date | None
    ends_on: date
    before: tuple[FlowNode, ...]
    after: tuple[FlowNode, ...]
    links: tuple[FlowLink, ...]

    def between(self, before: str, after: str) -> int:
        """How many went from one class to the other."""
        return sum(
            link.customers for link in self.links if (link.before, link.after) == (before, after)
        )


@kept
def flow(actor: Actor, basis: Basis, of: Classing = "stage") -> Flow:
    """From the compared run to now; without a compared run nobody was a customer before."""
    rows = (
        Standing.objects.visible_to(actor)
        .filter(occasions__gt=0)
        .exclude(**{of: ""})
        .annotate(
            was=FilteredRelation(
                "customer__snapshots",
                condition=Q(customer__snapshots__run=basis.compared.pk if basis.compared else None),
            )
        )
        .values_list(f"was__{of}", of)
        .annotate(customers=Count("pk"), potential=Sum("potential_value"))
        .order_by()
    )
    links = [
        FlowLink(before or "", after, customers, number(potential) or 0.0)
        for before, after, customers, potential in rows
    ]
    names = CLASSES[of]
    place = {name: position for position, name in enumerate(["", *names])}
    links.sort(key=lambda link: (place[link.before], place[link.after]))
    return Flow(
        starts_on=basis.compared_on,
        ends_on=basis.as_of,
        before=tuple(
            FlowNode(name, sum(link.customers for link in links if link.before == name))
            for name in ["", *names]
        ),
        after=tuple(
            FlowNode(name, sum(link.customers for link in links if link.after == name))
            for name in names
        ),
        links=tuple(links),
    )


@dataclass(frozen=True, slots=True)
class MoveRow:
    """A customer who changed tier."""

    customer_id: int
    name: str
    before: str
    after: str
    moved_on: date
    is_up: bool
    score: float | None
    potential_value: float | None


@dataclass(frozen=True, slots=True)
class TierMoves:
    """How many rose and fell since a day, and the latest and most valuable of them."""

    ups: int
    downs: int
    rows: tuple[MoveRow, ...]


def tier_moves(actor: Actor, since: date, limit: int = 10) -> TierMoves:
    """Moves between tiers since that day; the first tier of a customer is no move."""
    moves = TierMove.objects.visible_to(actor).filter(moved_on__gte=since).exclude(before="")
    ups = downs = 0
    for before, after, count in (
        moves.values_list("before", "after").annotate(Count("pk")).order_by()
    ):
        if _is_up(before, after):
            ups += count
        else:
            downs += count
    rows = moves.order_by("-moved_on", "-customer__standing__potential_value", "pk").values_list(
        "customer_id",
        "customer__name",
        "before",
        "after",
        "moved_on",
        "customer__standing__score",
        "customer__standing__potential_value",
    )[:limit]
    return TierMoves(
        ups=ups,
        downs=downs,
        rows=tuple(
            MoveRow(pk, name, before, after, day, _is_up(before, after), score, number(potential))
            for pk, name, before, after, day, score, potential in rows
        ),
    )


def _is_up(before: str, after: str) -> bool:
    ranks = Tier.values
    return ranks.index(after) < ranks.index(before)
