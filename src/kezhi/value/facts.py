"""The dated facts that a measuring starts from, as Arrow tables and as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.compute.local import Occasions, find_occasions
from kezhi.value.reading import EPOCH, Unreadable, factorise, read_amounts, read_days
from kezhi.value.realised import Lines

if TYPE_CHECKING:
    import pyarrow as pa

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened, as Arrow tables. Facts later than the day of the run are left out.

    `lines`: order lines with columns `customer` (int64), `day` (date32), `amount` (number; returns
    negative) and, where known, `cost` (cost of the goods, nullable, same sign as the amount) and
    `margin_rate` (nullable: margin as a share of revenue for lines without cost, by category).
    `costs`: cost to serve with `customer`, `day`, `amount` (positive is a cost) and `kind` (text).
    `customers`: every known customer, also those that never bought (they get a row, without value).
    `measures`: further measures for the index tree, `customer` and one float column each, named as
    the leaf's `measure` (for example `satisfaction`); null is "not measured".
    `segments`: `customer` and `segment` (text, nullable): which customers are to be foretold by a model
    of their own, where there are enough of them.
    """

    lines: pa.Table
    costs: pa.Table | None = None
    customers: pa.Array | pa.ChunkedArray | None = None
    measures: pa.Table | None = None
    segments: pa.Table | None = None


@dataclass(frozen=True, slots=True)
class Segments:
    """The segment of each customer code, as its place in `names`; -1 for none."""

    names: tuple[str, ...]
    of: NDArray[np.int32]


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

    def occasions(self, until: int) -> Occasions:
        """Purchase occasions until a day since 1970-01-01."""
        return find_occasions(
            self.orders.codes, self.orders.days, self.orders.amounts, len(self.customers), until
        )


def read_facts(facts: Facts, *, as_of: date) -> FactArrays:
    """The facts as arrays. Raises `reading.Unreadable` with table, row, column and remedy."""
    last = (as_of - EPOCH).days
    ids, codes, days, amounts = _dated(facts.lines, "lines")
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
        line_costs=_optional(facts.lines, "cost", kept),
        line_margins=_optional(facts.lines, "margin_rate", kept),
        serving=None if serving is None else _placed(serving, customers, last),
        measures=_measures(facts.measures, customers),
        later=int((~kept).sum()),
        segments=None if facts.segments is None else _segments(facts.segments, customers),
    )


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


def _measures(table: pa.Table | None, customers: NDArray[np.int64]) -> dict[str, Vector]:
    import pyarrow as pa

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


def _segments(table: pa.Table, customers: NDArray[np.int64]) -> Segments:
    import pyarrow as pa
    import pyarrow.compute as pc

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
