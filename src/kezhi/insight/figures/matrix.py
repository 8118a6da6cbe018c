"""The value matrix: what customers bring now across, what they may still bring up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Count, Q, Sum
from numpy.typing import NDArray

from kezhi.core.actor import Actor
from kezhi.customers.models import Standing
from kezhi.insight.copying import copied_rows
from kezhi.insight.figures.basis import Basis, number
from kezhi.insight.figures.keeping import kept
from kezhi.insight.figures.totals import AT_RISK
from kezhi.insight.models import ValueRun

CELLS = ("grow", "keep", "nurture", "self_service")


@dataclass(frozen=True, slots=True)
class MatrixPoint:
    """A customer in the matrix; `x` and `y` are percentiles (0-100) among the customers shown to the actor,
    of `now` (what stands across) and of `ahead` (what stands up)."""

    customer_id: int
    name: str
    tier: str
    quadrant: str
    x: float
    y: float
    now: float
    current_value: float
    ahead: float
    p_alive: float | None
    is_at_risk: bool


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """A quadrant; `now` sums what stands across, `ahead` what stands up, `at_risk` counts its customers of
    the view "High value at risk"."""

    quadrant: str
    customers: int
    now: float
    ahead: float
    at_risk: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Cells in the order grow, keep, nurture, self_service. Half of the points are the most valuable
    customers, the others an even sample of the rest. `x_border` and `y_border` are where the run split the
    matrix, as percentiles; `across` is the measure that it put across: `contribution_12m`, or `current_value`
    where growth is measured; `up` is `potential_value` or `growth_value`."""

    across: str
    up: str
    points: tuple[MatrixPoint, ...]
    cells: tuple[MatrixCell, ...]
    x_border: float
    y_border: float
    placed: int
    unplaced: int

    def cell(self, quadrant: str) -> MatrixCell:
        return next(cell for cell in self.cells if cell.quadrant == quadrant)


@kept
def matrix(actor: Actor, basis: Basis, sample: int = 120) -> Matrix:
    """The customers that the actor may see, in the quadrants that the run put them in."""
    visible = Standing.objects.visible_to(actor)
    across, up = axes_of_run(basis)
    cells = _cells(visible, across, up)
    placed = visible.exclude(quadrant="").filter(
        **{f"{across}__isnull": False, f"{up}__isnull": False}
    )
    ranked = placed.order_by(f"-{up}", "customer_id")
    rows = copied_rows(ranked.values_list("customer_id", across, up, "quadrant"), COLUMNS)
    customers = rows["customer"].to_numpy()
    now, ahead = rows["now"].to_numpy(), rows["ahead"].to_numpy()
    quadrant = rows["quadrant"]
    x, y = _percentiles(now), _percentiles(ahead)
    chosen = _sampled(len(customers), sample)
    named = {
        row["customer_id"]: row
        for row in visible.filter(pk__in=customers[chosen].tolist()).values(
            "customer_id", "customer__name", "tier", "quadrant", "p_alive", "current_value"
        )
    }
    return Matrix(
        across=across,
        up=up,
        points=tuple(
            _point(named[customer], x[place], y[place], now[place], ahead[place])
            for place, customer in zip(chosen, customers[chosen].tolist(), strict=True)
            if customer in named
        ),
        cells=tuple(_cell(name, cells.get(name, {})) for name in CELLS),
        x_border=_border(x, _is_in(quadrant, ("grow", "keep"))),
        y_border=_border(y, _is_in(quadrant, ("grow", "nurture"))),
        placed=len(customers),
        unplaced=cells.get("", {}).get("customers", 0),
    )


COLUMNS = {
    "customer": pa.int64(),
    "now": pa.float64(),
    "ahead": pa.float64(),
    "quadrant": pa.string(),
}


def _is_in(quadrant: pa.ChunkedArray, cells: tuple[str, ...]) -> NDArray[np.bool_]:
    return np.asarray(pc.is_in(quadrant, value_set=pa.array(cells)).to_numpy(), dtype=np.bool_)


def axes_of_run(basis: Basis) -> tuple[str, str]:
    """What the run put across and up; one that doesn't say so took current and potential value."""
    kept_with_run = ValueRun.objects.filter(pk=basis.run.pk).values_list(
        "summary__matrix__across", "summary__matrix__up"
    )
    across, up = kept_with_run.get()
    return across or "current_value", up or "potential_value"


def _cells(visible: Any, across: str, up: str) -> dict[str, dict[str, Any]]:
    rows = (
        visible.values("quadrant")
        .annotate(
            customers=Count("pk"),
            now=Sum(across),
            ahead=Sum(up),
            at_risk=Count("pk", filter=AT_RISK & ~Q(quadrant="")),
        )
        .order_by()
    )
    return {row["quadrant"]: row for row in rows}


def _cell(name: str, row: dict[str, Any]) -> MatrixCell:
    return MatrixCell(
        quadrant=name,
        customers=row.get("customers", 0),
        now=number(row.get("now")) or 0.0,
        ahead=number(row.get("ahead")) or 0.0,
        at_risk=row.get("at_risk", 0),
    )


def _percentiles(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank of each amount from 0 to 100; equal amounts share the rank in their middle."""
    if len(amounts) < 2:
        return np.full(len(amounts), 50.0)
    ordered = np.sort(amounts)
    below = np.searchsorted(ordered, amounts, side="left")
    until = np.searchsorted(ordered, amounts, side="right") - 1
    ranks: NDArray[np.float64] = 100.0 * (below + until) / 2 / (len(amounts) - 1)
    return ranks


def _border(percentiles: NDArray[np.float64], is_high: NDArray[np.bool_]) -> float:
    """Half-way between the highest of the low ones and the lowest of the high ones."""
    if not is_high.any() or is_high.all():
        return 50.0
    return float((percentiles[is_high].min() + percentiles[~is_high].max()) / 2)


def _sampled(rows: int, sample: int) -> list[int]:
    head = min(rows, sample // 2)
    rest = np.linspace(head, rows - 1, min(sample - head, rows - head))
    return sorted({*range(head), *(round(float(place)) for place in rest)})


def _point(row: dict[str, Any], x: float, y: float, now: float, ahead: float) -> MatrixPoint:
    p_alive = row["p_alive"]
    return MatrixPoint(
        customer_id=row["customer_id"],
        name=row["customer__name"],
        tier=row["tier"],
        quadrant=row["quadrant"],
        x=round(float(x), 1),
        y=round(float(y), 1),
        now=float(now),
        current_value=number(row["current_value"]) or 0.0,
        ahead=float(ahead),
        p_alive=p_alive,
        is_at_risk=row["tier"] in ("S", "A", "B") and p_alive is not None and p_alive < 0.6,
    )
