"""RFM: customers by how lately and how often they bought, and what they brought."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Avg, Count, IntegerField, Sum
from django.db.models.functions import Cast, Substr

from kezhi.core.actor import Actor
from kezhi.insight.figures.basis import Basis, number
from kezhi.insight.figures.keeping import kept
from kezhi.insight.models import Snapshot

SCORES = ("5", "4", "3", "2", "1")


@dataclass(frozen=True, slots=True)
class RfmCell:
    """Customers of one recency and one frequency score (5 is best); `monetary` is their mean score."""

    recency: int
    frequency: int
    customers: int
    monetary: float | None
    revenue_12m: float
    contribution_12m: float
    potential_value: float


@dataclass(frozen=True, slots=True)
class Rfm:
    """All 25 cells, best recency first, best frequency first."""

    cells: tuple[RfmCell, ...]
    measured: int

    def cell(self, recency: int, frequency: int) -> RfmCell:
        return next(
            each for each in self.cells if (each.recency, each.frequency) == (recency, frequency)
        )


@kept
def rfm(actor: Actor, basis: Basis) -> Rfm:
    """Recency × frequency of the customers that the actor may see."""
    rows = {
        row["rf"]: row
        for row in Snapshot.objects.visible_to(actor)
        .filter(run=basis.run)
        .exclude(rfm="")
        .annotate(rf=Substr("rfm", 1, 2))
        .values("rf")
        .annotate(
            customers=Count("pk"),
            monetary=Avg(Cast(Substr("rfm", 3, 1), IntegerField())),
            revenue=Sum("revenue_12m"),
            contribution=Sum("contribution_12m"),
            potential=Sum("potential_value"),
        )
        .order_by()
    }
    cells = []
    for recency in SCORES:
        for frequency in SCORES:
            row = rows.get(recency + frequency, {})
            cells.append(
                RfmCell(
                    recency=int(recency),
                    frequency=int(frequency),
                    customers=row.get("customers", 0),
                    monetary=row.get("monetary"),
                    revenue_12m=number(row.get("revenue")) or 0.0,
                    contribution_12m=number(row.get("contribution")) or 0.0,
                    potential_value=number(row.get("potential")) or 0.0,
                )
            )
    return Rfm(tuple(cells), sum(cell.customers for cell in cells))
