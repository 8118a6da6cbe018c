"""RFM: customers by how lately and how often they bought, and what they brought."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Avg, Count, Sum

from kezhi.core.actor import Actor
from kezhi.customers.models import Standing
from kezhi.insight.figures.basis import Basis, number
from kezhi.insight.figures.keeping import kept
from kezhi.insight.models import ValueRun
from kezhi.value.plain import from_plain
from kezhi.value.rfm import RFMSettings

USUAL_BINS = 5


def quiet_to(bins: int) -> int:
    """Up to which recency customers count as quiet: the lower two fifths.

    >>> quiet_to(5), quiet_to(3), quiet_to(9)
    (2, 1, 3)
    """
    return max(1, bins * 2 // 5)


def frequent_from(bins: int) -> int:
    """From which score buyers count as frequent, or as lately there: the upper two fifths.

    >>> frequent_from(5), frequent_from(3), frequent_from(9)
    (4, 3, 7)
    """
    return bins - quiet_to(bins) + 1


def rfm_score(recency: int, frequency: int, monetary: int, rules: RFMSettings) -> float:
    """The three together by the company's weights, 0 to 100.

    >>> rfm_score(5, 3, 1, RFMSettings(weights=(2.0, 1.0, 1.0)))
    62.5
    """
    shares = [(score - 1) / (rules.bins - 1) for score in (recency, frequency, monetary)]
    weighed = sum(own * share for own, share in zip(rules.weights, shares, strict=True))
    return 100 * weighed / sum(rules.weights)


def rfm_rules(run: ValueRun) -> RFMSettings:
    """How the run divided the buyers."""
    plain = run.value_settings.rules.get("rfm")
    return from_plain(RFMSettings, plain) if plain else RFMSettings()


@dataclass(frozen=True, slots=True)
class RfmCell:
    """Customers of one recency and one frequency score; `monetary` is their mean score."""

    recency: int
    frequency: int
    customers: int
    monetary: float | None
    revenue_12m: float
    contribution_12m: float
    potential_value: float


@dataclass(frozen=True, slots=True)
class Rfm:
    """All cells of `bins` by `bins` scores, best recency first, best frequency first; the highest is best."""

    cells: tuple[RfmCell, ...]
    measured: int
    bins: int = USUAL_BINS

    @property
    def contribution_12m(self) -> float:
        return sum(cell.contribution_12m for cell in self.cells)

    @property
    def best(self) -> tuple[RfmCell, ...]:
        """Who bought often and lately."""
        least = frequent_from(self.bins)
        return tuple(c for c in self.cells if c.frequency >= least and c.recency >= least)

    @property
    def quiet_regulars(self) -> tuple[RfmCell, ...]:
        """Who bought often, but not lately."""
        least, quiet = frequent_from(self.bins), quiet_to(self.bins)
        return tuple(c for c in self.cells if c.frequency >= least and c.recency <= quiet)

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
    bins = rfm_rules(basis.run).bins
    for recency in range(bins, 0, -1):
        for frequency in range(bins, 0, -1):
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
    return Rfm(tuple(cells), sum(cell.customers for cell in cells), bins)
