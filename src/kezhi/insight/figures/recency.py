"""RFM: customers by how lately and how often they bought, and what they brought."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Avg, Count, Sum

from kezhi.core.actor import Actor
from kezhi.customers.models import Standing
from kezhi.insight.figures.basis import Basis, number
from kezhi.insight.figures.keeping import kept

SCORES = (5, 4, 3, 2, 1)
QUIET, FREQUENT = 2, 4
"""Up to which recency customers count as quiet, and from which frequency as frequent buyers."""


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

    @property
    def contribution_12m(self) -> float:
        return sum(cell.contribution_12m for cell in self.cells)

    @property
    def best(self) -> tuple[RfmCell, ...]:
        """Who bought often and lately."""
        return tuple(c for c in self.cells if c.frequency >= FREQUENT and c.recency >= FREQUENT)

    @property
    def quiet_regulars(self) -> tuple[RfmCell, ...]:
        """Who bought often, but not lately."""
        return tuple(c for c in self.cells if c.frequency >= FREQUENT and c.recency <= QUIET)

    def cell(self, recency: int, frequency: int) -> RfmCell:
        return next(
            each for each in self.cells if (each.recency, each.frequency) == (recency, frequency)
        )


@kept
def rfm(actor: Actor, basis: Basis) -> Rfm:
    """Recency × frequency of the customers that the actor may see."""
    rows = {
        (row["recency_score"], row["frequency_score"]): row
        for row in Standing.objects.visible_to(actor)
        .filter(recency_score__isnull=False)
        .values("recency_score", "frequency_score")
        .annotate(
            customers=Count("pk"),
            monetary=Avg("monetary_score"),
            revenue=Sum("revenue_12m"),
            contribution=Sum("contribution_12m"),
            potential=Sum("potential_value"),
        )
        .order_by()
    }
    cells = []
    for recency in SCORES:
        for frequency in SCORES:
            row = rows.get((recency, frequency), {})
            cells.append(
                RfmCell(
                    recency=recency,
                    frequency=frequency,
                    customers=row.get("customers", 0),
                    monetary=row.get("monetary"),
                    revenue_12m=number(row.get("revenue")) or 0.0,
                    contribution_12m=number(row.get("contribution")) or 0.0,
                    potential_value=number(row.get("potential")) or 0.0,
                )
            )
    return Rfm(tuple(cells), sum(cell.customers for cell in cells))
