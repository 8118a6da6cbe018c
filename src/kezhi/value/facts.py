"""The dated facts that a measuring starts from, as Arrow tables and as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kezhi.value.churn import trend_of_spend
from kezhi.value.cohorts import Activity, activity
from kezhi.value.compute.local import Occasions, find_occasions
from kezhi.value.reading import EPOCH, Unreadable, factorise, read_amounts, read_days
from kezhi.value.realised import YEAR_DAYS, Lines, Realised, realised
from kezhi.value.sums import sum_by
from kezhi.value.wallet.growth import Prospects, prospects_of

if TYPE_CHECKING:
    import pyarrow as pa

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened, as Arrow tables. Facts later than the day of the run are left out.

    `lines`: order lines with columns `customer` (int64), `day` (date32), `amount` (number; returns
    negative) and, where known, `cost` (cost of the goods, nullable, same sign as the amount) and
    `margin_rate` (nullable: margin as a share of revenue for lines without cost, by category). A table,
    or the path of a Parquet file or a folder of them: an engine on a cluster reads it there.
    `costs`: cost to serve with `customer`, `day`, `amount` (positive is a cost) and `kind` (text).
    `customers`: every known customer, also those that never bought (they get a row, without value).
    `measures`: further measures for the index tree, `customer` and one float column each, named as
    the leaf's `measure` (for example `satisfaction`); null is "not measured".
    `segments`: `customer` and `segment` (text, nullable): which customers are to be foretold by a model
    of their own, where there are enough of them.
    `prospects`: `customer`, attributes as text (industry, region …) and, where known, the numbers
    `stated` (what the customer says it buys a year), `asked` (what its open needs come to) and `offered`
    (expected contribution of open offers): what growth potential is told by, see `wallet.growth`.
    """

    lines: Any  # a pa.Table or a Path
    costs: pa.Table | None = None
    customers: pa.Array | pa.ChunkedArray | None = None
    measures: pa.Table | None = None
    segments: pa.Table | None = None
    prospects: pa.Table | None = None


@dataclass(frozen=True, slots=True)
class Segments:
    """The segment of each customer code, as its place in `names`; -1 for none."""

    names: tuple[str, ...]
    of: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will ask of the order lines: see `measure.Settings`."""

    as_of: date
    margin_rate: float = 0.30
    compound_rate: float = 0.0
    holdout_months: float | None = None

    @property
    def today(self) -> int:
        """The day of the run, since 1970-01-01."""
        return (self.as_of - EPOCH).days


class OpenFacts(Protocol):
    """Facts until the day of a run as an engine holds them, in the order of the customers' numbers.

    The order lines may lie anywhere: nobody sees them but the engine, which answers per customer.
    `later` is the number of order lines after that day, which were left out. `measures` are the
    further measures by name, NaN where nothing is measured.
    """

    @property
    def customers(self) -> NDArray[np.int64]: ...
    @property
    def measures(self) -> dict[str, Vector]: ...
    @property
    def segments(self) -> Segments | None: ...
    @property
    def prospects(self) -> Prospects | None: ...
    @property
    def later(self) -> int: ...
    @property
    def line_count(self) -> int:
        """Order lines until the day of the run."""

    def occasions(self, until: int) -> Occasions:
        """Purchase occasions until a day since 1970-01-01: that of the run, or of its hold-outs."""

    def realised(self, plan: Plan) -> Realised:
        """What customers have brought so far."""

    def trend_of_spend(self, found: Occasions, plan: Plan) -> Vector:
        """How spending lately compares with before; `found` are the occasions until the day."""

    def spent_before(self, plan: Plan) -> Vector:
        """Revenue of the 12 months before the last 12."""

    def activity(self, found: Occasions, plan: Plan) -> Activity:
        """Who bought when, by month of the first purchase."""


@dataclass(frozen=True, slots=True)
class FactArrays:
    """Facts until a day, by customer code 0 … n − 1 in the order of the customer's number.

    `later` is the number of order lines after that day, which were left out. `measures` are the
    further measures by name, NaN where nothing is measured.
    """

    customers: NDArray[np.int64]
    orders: Lines
    line_costs: Vector | None
    line_margins: Vector | None
    serving: Lines | None
    measures: dict[str, Vector]
    later: int
    segments: Segments | None = None
    prospects: Prospects | None = None

    @property
    def line_count(self) -> int:
        """Order lines until the day."""
        return len(self.orders.days)

    def occasions(self, until: int) -> Occasions:
        """Purchase occasions until a day since 1970-01-01."""
        return find_occasions(
            self.orders.codes, self.orders.days, self.orders.amounts, len(self.customers), until
        )

    def realised(self, plan: Plan) -> Realised:
        """What customers have brought so far."""
        return realised(
            self.orders,
            self.line_costs,
            self.line_margins,
            self.serving,
            customers=len(self.customers),
            as_of=plan.today,
            margin_rate=plan.margin_rate,
            compound_rate=plan.compound_rate,
        )

    def trend_of_spend(self, found: Occasions, plan: Plan) -> Vector:
        """How spending lately compares with before; NaN where it can't be told."""
        first = np.where(found.count > 0, found.first_day, plan.today).astype(np.int32)
        orders = self.orders
        return trend_of_spend(orders.codes, orders.days, orders.amounts, first, as_of=plan.today)

    def spent_before(self, plan: Plan) -> Vector:
        """Revenue of the 12 months before the last 12."""
        days = self.orders.days
        own = np.flatnonzero((days <= plan.today - YEAR_DAYS) & (days > plan.today - 2 * YEAR_DAYS))
        return sum_by(self.orders.codes[own], self.orders.amounts[own], len(self.customers))

    def activity(self, found: Occasions, plan: Plan) -> Activity:
        """Who bought when, by month of the first purchase."""
        purchases = self.orders.amounts >= 0
        codes, days = self.orders.codes[purchases], self.orders.days[purchases]
        return activity(codes, days, found.first_day, found.count > 0, as_of=plan.today)


def read_facts(facts: Facts, *, as_of: date) -> FactArrays:
    """The facts as arrays. Raises `reading.Unreadable` with table, row, column and remedy."""
    last = (as_of - EPOCH).days
    lines = table_of(facts.lines)
    ids, codes, days, amounts = _dated(lines, "lines")
    kept = days <= last
    serving = None if facts.costs is None else _dated(facts.costs, "costs")
    known = [ids]
    if serving is not None:
        known.append(serving[0])
    if facts.customers is not None:
        known.append(_ids(facts.customers))
    customers = np.sort(np.concatenate(known))
    customers = customers[np.diff(customers, prepend=customers[:1] - 1) > 0]
    place = np.searchsorted(customers, ids).astype(np.int32)
    orders = Lines(place[codes][kept], days[kept], amounts[kept])
    return FactArrays(
        customers=customers,
        orders=orders,
        line_costs=_optional(lines, "cost", kept),
        line_margins=_optional(lines, "margin_rate", kept),
        serving=None if serving is None else _placed(serving, customers, last),
        measures=measures_of(facts, customers),
        later=int((~kept).sum()),
        segments=segments_of(facts, customers),
        prospects=prospects_of(facts.prospects, customers),
    )


def table_of(lines: pa.Table | Path) -> pa.Table:
    """The order lines in memory, wherever they lie."""
    if not isinstance(lines, Path):
        return lines
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(lines)
    except (pa.ArrowInvalid, OSError) as error:
        raise Unreadable(f"{lines}: can't be read as Parquet: {error}") from error


def _dated(
    table: pa.Table, name: str
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], Vector]:
    """Distinct customers, and by row: which of them, the day, the amount."""

    def fault(row: int, column: str, what: str) -> Unreadable:
        return Unreadable(f"{name}, row {row + 1}, column {column!r}: {what}")

    for column in ("customer", "day", "amount"):
        if column not in table.column_names:
            raise Unreadable(f"{name}: there is no column {column!r}")
    distinct, codes = factorise(table.column("customer"), "customer", fault)
    days = read_days(table.column("day"), "day", fault)
    amounts = read_amounts(table.column("amount"), "amount", fault)
    return _ids(distinct), codes, days, amounts


def _ids(column: Any) -> NDArray[np.int64]:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.int64)


def _optional(table: pa.Table, name: str, kept: NDArray[np.bool_]) -> Vector | None:
    """A column of floats, NaN for null; None where the table hasn't got it or it is all null."""
    import pyarrow as pa

    if name not in table.column_names or table.column(name).null_count == table.num_rows:
        return None
    column = table.column(name).cast(pa.float64(), safe=False)
    return np.asarray(column.to_numpy(), dtype=np.float64)[kept]


def _placed(
    serving: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], Vector],
    customers: NDArray[np.int64],
    last: int,
) -> Lines:
    ids, codes, days, amounts = serving
    kept = days <= last
    place = np.searchsorted(customers, ids).astype(np.int32)
    return Lines(place[codes][kept], days[kept], amounts[kept])


def measures_of(facts: Facts, customers: NDArray[np.int64]) -> dict[str, Vector]:
    """The further measures of these customers by name, NaN where nothing is measured."""
    import pyarrow as pa

    table = facts.measures
    if table is None:
        return {}
    ids = _ids(table.column("customer"))
    place = np.searchsorted(customers, ids)
    known = place < len(customers)
    known[known] = customers[place[known]] == ids[known]
    found = {}
    for name in table.column_names:
        if name == "customer":
            continue
        measure = np.full(len(customers), np.nan)
        column = table.column(name).cast(pa.float64(), safe=False)
        measure[place[known]] = np.asarray(column.to_numpy(), dtype=np.float64)[known]
        found[name] = measure
    return found


def segments_of(facts: Facts, customers: NDArray[np.int64]) -> Segments | None:
    """The segments of these customers, where the facts tell of any."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = facts.segments
    if table is None:
        return None
    for column in ("customer", "segment"):
        if column not in table.column_names:
            raise Unreadable(f"segments: there is no column {column!r}")
    named = table.filter(pc.is_valid(table.column("segment")))
    words = named.column("segment").cast(pa.string())
    names = tuple(sorted(pc.unique(words).to_pylist()))
    codes = pc.index_in(words, value_set=pa.array(names, pa.string()))
    ids = _ids(named.column("customer"))
    place = np.searchsorted(customers, ids)
    known = place < len(customers)
    known[known] = customers[place[known]] == ids[known]
    found = np.full(len(customers), -1, dtype=np.int32)
    found[place[known]] = np.asarray(codes.to_numpy(), dtype=np.int32)[known]
    return Segments(names, found)
