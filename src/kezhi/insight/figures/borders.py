"""Who stands on which side of the borders of the value matrix, for any borders that somebody tries.

A large company's customers are counted once a run in narrow bands along each axis (`Grid`); a border then
lies between two bands, and trying one adds up bands instead of reading customers.
"""

from __future__ import annotations

import base64
import heapq
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from django.db.models import F, FloatField, Q, Value
from django.db.models.functions import Cast, Coalesce
from numpy.typing import NDArray

from kezhi.core.actor import Actor
from kezhi.customers.models import Standing
from kezhi.insight.copying import copied_rows
from kezhi.insight.figures.basis import Basis, number
from kezhi.insight.figures.keeping import MANY, kept
from kezhi.insight.models import ValueRun
from kezhi.value.matrix import DECIMALS, QUADRANTS, THIRDS, UPS, Split

Vector = NDArray[np.float64]

LEADERS = 20
ROUND = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)


def least_of(measure: str) -> float:
    """The least figure above nothing, as figures are kept: what isn't above 0 is never high.

    >>> least_of("potential_value"), least_of("p_alive")
    (0.01, 0.0001)
    """
    return float(10.0 ** -DECIMALS[measure])


@dataclass(frozen=True, slots=True)
class Axis:
    """`edges` rise; band k holds the figures from edge k−1 to below edge k, `counts` the customers of each.

    `is_exact`: every figure that occurs is an edge, so that a border may lie anywhere.
    """

    measure: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    is_exact: bool

    @property
    def least(self) -> float:
        return least_of(self.measure)

    def border(self, split: Split) -> float:
        """The figure from which on a customer counts as high: nothing never does, and figures are kept with
        so many decimals."""
        found = self._at_share(split.at) if split.by == "share" else split.at
        found = max(math.ceil(round(found / self.least, 6)) * self.least, self.least)
        if self.is_exact or not self.edges:
            return round(found, 4)
        return min(self.edges, key=lambda edge: abs(edge - found))

    def kept(self, border: float) -> float | Decimal:
        """A border as the column of the measure compares it."""
        return border if self.measure in THIRDS else Decimal(str(border))

    def first_high(self, border: float) -> int:
        """The first band at or above a border."""
        return int(np.searchsorted(np.array(self.edges), border, side="left")) + 1

    def below(self, border: float) -> float:
        """The share of the customers below a border."""
        total = sum(self.counts)
        return sum(self.counts[: self.first_high(border)]) / total if total else 0.0

    def position(self, figure: float) -> float:
        """The place of a figure from 0 to 1: the middle of those who stand in its band."""
        total = sum(self.counts)
        band = int(np.searchsorted(np.array(self.edges), figure, side="right"))
        return (sum(self.counts[:band]) + self.counts[band] / 2) / total if total else 0.5

    def _at_share(self, at: float) -> float:
        """As `numpy.quantile` would say of the figures themselves; of bands the nearest edge."""
        total = sum(self.counts)
        if not total:
            return 0.0
        until = np.cumsum(self.counts)
        if not self.is_exact:
            return self.edges[int(np.argmin(np.abs(until[:-1] / total - at)))]
        place = (total - 1) * at
        low, high = (
            self.edges[int(np.searchsorted(until, at_place, side="right")) - 1]
            for at_place in (math.floor(place), math.ceil(place))
        )
        return low + (high - low) * (place - math.floor(place))


@dataclass(frozen=True, slots=True)
class Leader:
    """One of the customers of a band with the most of what stands up."""

    customer_id: int
    ahead: float


@dataclass(frozen=True, slots=True)
class Grid:
    """Customers and their money by band of each axis; `bands` and `amounts` are packed arrays.

    `leaders` are those with the most of what stands up in each band, by axis; empty where customers can be
    read.
    """

    across: Axis
    up: Axis
    third: Axis | None
    bands: str
    amounts: str
    leaders: tuple[tuple[tuple[Leader, ...], ...], ...]
    placed: int
    unplaced: int
    without_third: int

    @property
    def axes(self) -> tuple[Axis, ...]:
        return (self.across, self.up, *([self.third] if self.third else []))


@dataclass(frozen=True, slots=True)
class Borders:
    """From which figure on a customer counts as high; `third` is None on a flat matrix."""

    across: float
    up: float
    third: float | None = None

    @property
    def each(self) -> tuple[float, ...]:
        return (self.across, self.up, *([] if self.third is None else [self.third]))


Sides = tuple[bool, ...]
"""High or low on each axis: across, up and, where there is one, the third."""


@dataclass(frozen=True, slots=True)
class Part:
    """The customers who stand on these sides of the borders `before` and on those `after`; `now` sums what
    stands across, `ahead` what stands up."""

    before: Sides
    after: Sides
    customers: int
    now: float
    ahead: float

    @property
    def stays(self) -> bool:
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class Mover:
    """A customer who changes the cell."""

    customer_id: int
    name: str
    tier: str
    before: Sides
    after: Sides
    now: float
    ahead: float


def quadrant_of(sides: Sides) -> str:
    """The cell of the flat matrix.

    >>> quadrant_of((True, False, True))
    'keep'
    """
    return QUADRANTS[2 * (not sides[0]) + (not sides[1])]


@dataclass(frozen=True, slots=True)
class Drawn:
    """How the run drew its matrix: the measures across and up with their borders, the third and its border;
    `ups` are the measures that might stand up."""

    across: str
    up: str
    current: Split
    potential: Split
    third: str
    level: Split
    ups: tuple[str, ...]


def borders_of_run(basis: Basis) -> Drawn:
    """A run that doesn't name its axes took current and potential value."""
    found = ValueRun.objects.filter(pk=basis.run.pk).values_list("summary__matrix").get()[0] or {}
    third_border = found.get("third_border")
    return Drawn(
        across=found.get("across") or "current_value",
        up=found.get("up") or UPS[0],
        current=Split("figure", found.get("current_border") or 0.0),
        potential=Split("figure", found.get("potential_border") or 0.0),
        third=found.get("third") or "",
        level=Split() if third_border is None else Split("figure", third_border),
        # Current value stands across as soon as growth is measured.
        ups=UPS if found.get("across") == "current_value" else UPS[:1],
    )


@dataclass(frozen=True, slots=True)
class Thirds:
    """Which of `THIRDS` at least one customer has, so that they can be an axis."""

    names: tuple[str, ...]


@kept
def thirds_measured(actor: Actor, basis: Basis) -> Thirds:
    """What the run measured of the customers that the actor may see."""
    visible = Standing.objects.visible_to(actor).filter(run_id__isnull=False)
    return Thirds(
        tuple(name for name in THIRDS if visible.filter(**{f"{name}__isnull": False})[:1].exists())
    )


@kept
def grid(actor: Actor, basis: Basis, third: str = "", up: str = "") -> Grid:
    """The customers that the actor may see, in bands; `third` is one of `THIRDS` or empty, `up` one of
    `UPS`, by default what stands up in the run."""
    drawn = borders_of_run(basis)
    up = up or drawn.up
    rows = _read(actor, drawn.across, up, third)
    known = np.isfinite(rows["now"]) & np.isfinite(rows["ahead"])
    unplaced = int((~known).sum())
    rows = rows[known]
    without = np.isnan(rows["third"]) if third else np.zeros(len(rows), dtype=bool)
    rows = rows[~without]
    is_exact = len(rows) < MANY
    steps = 50 if third else 100
    columns = [
        ("now", drawn.across, drawn.current),
        ("ahead", up, drawn.potential if up == drawn.up else Split()),
    ]
    if third:
        columns.append(("third", third, drawn.level if third == drawn.third else Split()))
    axes, bands = [], []
    for column, measure, split in columns:
        figures = rows[column]
        edges = np.unique(figures) if is_exact else _edges(figures, measure, split, steps)
        band = np.searchsorted(edges, figures, side="right")
        counts = np.bincount(band, minlength=len(edges) + 1)
        axes.append(
            Axis(measure, tuple(edges.tolist()), tuple(map(int, counts.tolist())), is_exact)
        )
        bands.append(band)
    where, amounts = _cells(bands, rows)
    return Grid(
        across=axes[0],
        up=axes[1],
        third=axes[2] if third else None,
        bands=_packed(where.astype(np.int32)),
        amounts=_packed(amounts),
        leaders=() if is_exact else tuple(_leaders(band, rows) for band in bands),
        placed=len(rows),
        unplaced=unplaced,
        without_third=int(without.sum()),
    )


def parts(found: Grid, before: Borders, after: Borders) -> tuple[Part, ...]:
    """Everybody by where they stand before and after; parts without customers are left out."""
    bands = _unpacked(found.bands, np.int32, len(found.axes))
    amounts = _unpacked(found.amounts, np.float64, 3)
    code = np.zeros(len(bands), dtype=np.int64)
    for borders in (before, after):
        for place, (axis, border) in enumerate(zip(found.axes, borders.each, strict=True)):
            code = 2 * code + (bands[:, place] >= axis.first_high(border))
    size = len(found.axes)
    sums = [np.bincount(code, amounts[:, k], minlength=4**size) for k in range(3)]
    return tuple(
        Part(
            before=_sides(int(each) >> size, size),
            after=_sides(int(each), size),
            customers=round(float(sums[0][each])),
            now=float(sums[1][each]),
            ahead=float(sums[2][each]),
        )
        for each in np.flatnonzero(sums[0])
    )


def movers(
    actor: Actor, found: Grid, before: Borders, after: Borders, limit: int = LEADERS
) -> list[Mover]:
    """Of those whose cell changes the ones with the most of what stands up."""
    rows = Standing.objects.visible_to(actor)
    for axis in found.axes:
        rows = rows.filter(**{f"{axis.measure}__isnull": False})
    changed = [
        (place, axis, min(one, other), max(one, other))
        for place, (axis, one, other) in enumerate(
            zip(found.axes, before.each, after.each, strict=True)
        )
        if one != other
    ]
    if not changed:
        return []
    if found.leaders:
        leaders = {
            leader
            for place, axis, low, high in changed
            for band in found.leaders[place][axis.first_high(low) : axis.first_high(high)]
            for leader in band
        }
        best = heapq.nlargest(limit, leaders, key=lambda one: one.ahead)
        rows = rows.filter(pk__in=[leader.customer_id for leader in best])
    else:
        among = Q()
        for _place, axis, low, high in changed:
            among |= Q(
                **{f"{axis.measure}__gte": axis.kept(low), f"{axis.measure}__lt": axis.kept(high)}
            )
        rows = rows.filter(among)
    names = [axis.measure for axis in found.axes]
    taken = rows.order_by(f"-{found.up.measure}", "customer_id").values(
        "customer_id", "customer__name", "tier", *names
    )[:limit]
    return [_mover(row, names, before, after) for row in taken]


def _mover(row: dict[str, Any], names: list[str], before: Borders, after: Borders) -> Mover:
    figures = [number(row[name]) or 0.0 for name in names]
    return Mover(
        customer_id=row["customer_id"],
        name=row["customer__name"],
        tier=row["tier"],
        before=tuple(f >= b for f, b in zip(figures, before.each, strict=True)),
        after=tuple(f >= b for f, b in zip(figures, after.each, strict=True)),
        now=figures[0],
        ahead=figures[1],
    )


ROW = np.dtype([("customer", "i8"), ("now", "f8"), ("ahead", "f8"), ("third", "f8")])
COLUMNS = {
    "customer": pa.int64(),
    **dict.fromkeys(("now", "ahead", "third"), pa.float64()),
}


def _read(actor: Actor, across: str, up: str, third: str) -> NDArray[Any]:
    """Customers with their figures, in the order of the customers; NaN: not measured."""
    unknown = Value(math.nan, output_field=FloatField())

    def figure(name: str) -> Coalesce:
        return Coalesce(Cast(F(name), FloatField()), unknown)

    # Named apart from the columns, which are decimals.
    rows = (
        Standing.objects.visible_to(actor)
        .filter(run_id__isnull=False)
        .annotate(
            figure_across=figure(across),
            figure_up=figure(up),
            figure_third=figure(third) if third else unknown,
        )
        .order_by()
        .values_list("customer_id", "figure_across", "figure_up", "figure_third")
    )
    columns = copied_rows(rows, COLUMNS)
    read: Any = np.empty(columns.num_rows, dtype=ROW)
    for name in COLUMNS:
        read[name] = columns[name].to_numpy()
    return read[np.argsort(read["customer"])]


def _edges(figures: Vector, measure: str, drawn: Split, steps: int) -> Vector:
    """Where a border may lie among many customers: at even shares, at round figures, where the run drew it."""
    shares = np.quantile(figures, np.arange(1, steps) / steps, method="higher")
    high, least = float(figures.max(initial=0.0)), least_of(measure)
    if measure in THIRDS:
        whole = 1.0 if measure == "p_alive" else 100.0
        rounded = np.arange(1, 10) / 10 * whole
    else:
        until = math.ceil(math.log10(high)) if high > 1 else 0
        rounded = np.array([one * 10.0**power for power in range(until) for one in ROUND])
    border = max(math.ceil(round(drawn.border(figures) / least, 6)) * least, least)
    edges = np.concatenate((shares, rounded[rounded <= high], [least, round(border, 4)]))
    return np.unique(edges[edges >= least])


def _cells(bands: Sequence[NDArray[np.int64]], rows: NDArray[Any]) -> tuple[Any, Vector]:
    """The combinations of bands that occur, and customers, what they bring now and what is ahead of each."""
    size = [int(band.max(initial=0)) + 1 for band in bands]
    code = np.zeros(len(rows), dtype=np.int64)
    for band, many in zip(bands, size, strict=True):
        code = code * many + band
    found, place = np.unique(code, return_inverse=True)
    sums = [
        np.bincount(place, weights, minlength=len(found))
        for weights in (np.ones(len(rows)), rows["now"], rows["ahead"])
    ]
    where = []
    for many in reversed(size):
        found, band = np.divmod(found, many)
        where.append(band)
    return np.stack(where[::-1], axis=1), np.stack(sums, axis=1)


def _leaders(band: NDArray[np.int64], rows: NDArray[Any]) -> tuple[tuple[Leader, ...], ...]:
    order = np.lexsort((rows["customer"], -rows["ahead"], band))
    starts = np.searchsorted(band[order], np.arange(int(band.max(initial=0)) + 2))
    return tuple(
        tuple(
            Leader(int(rows["customer"][at]), float(rows["ahead"][at]))
            for at in order[start : min(start + LEADERS, end)]
        )
        for start, end in pairwise(starts)
    )


def _sides(code: int, size: int) -> Sides:
    """
    >>> _sides(0b10, 2)
    (True, False)
    """
    return tuple(bool(code >> place & 1) for place in reversed(range(size)))


def _packed(array: NDArray[Any]) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 1)).decode()


def _unpacked(packed: str, kind: type, columns: int) -> Any:
    read: Any = np.frombuffer(zlib.decompress(base64.b64decode(packed)), dtype=kind)
    return read.reshape(-1, columns)
