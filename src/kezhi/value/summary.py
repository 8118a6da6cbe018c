"""The one-pass summary: a row per customer with recency, frequency, age and money.

A day on which a customer bought something is one purchase occasion: all lines of that day that
aren't returns are one. Returns (negative amounts) belong to the total, not to the count. A line of
amount 0 is a purchase (a sample, say), but doesn't enter the mean spend.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.compute.local import FRACTIONS, Occasions, find_occasions
from kezhi.value.compute.ordered_file import occasions_in_order
from kezhi.value.durations import days_in
from kezhi.value.reading import EPOCH, PARQUET, Columns, Transactions, Unreadable, read_transactions

if TYPE_CHECKING:
    import pyarrow as pa

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Summary:
    """One entry per customer, in the order of `customer`; times in `unit`, as of the day `until`.

    x = `repeats`, t_x = `recency`, T = `age`. A customer with returns only has 0 occasions, 0
    repeats, NaN recency and age, and no first and last day. `has_amounts` tells whether money is
    known at all. `repeats_by_day` counts the repeat occasions of all customers on
    each day from the day `since` on, `repeats_by_gap` by the days since the occasion before.
    """

    customer: pa.Array
    unit: str
    until: date
    first_day: NDArray[np.int32]
    last_day: NDArray[np.int32]
    occasions: NDArray[np.int32]
    repeats: NDArray[np.int32]
    recency: Vector
    age: Vector
    paid_repeats: NDArray[np.int32]
    mean_spend: Vector
    total: Vector
    returns: Vector
    has_amounts: bool
    since: int
    repeats_by_day: NDArray[np.int64]
    repeats_by_gap: NDArray[np.int64]

    @property
    def bought(self) -> NDArray[np.bool_]:
        """Whether the customer has bought at all."""
        return np.asarray(self.occasions > 0)

    @property
    def log_intervals(self) -> float:
        """Sum of the logs of all times between two occasions of a customer, in `unit`."""
        return sum_of_logs(self.repeats_by_gap, self.unit)

    @property
    def return_rate(self) -> Vector:
        """Amount returned ÷ amount bought; 0 where nothing was bought or returned."""
        gross = self.total + self.returns
        rate = np.divide(self.returns, gross, out=np.zeros_like(gross), where=gross > 0)
        return np.clip(rate, 0.0, 1.0)

    @property
    def mean_interval_days(self) -> Vector:
        """Mean days between occasions; NaN with fewer than two."""
        days = (self.last_day - self.first_day).astype(np.float64)
        mean = np.full(len(days), np.nan)
        np.divide(days, self.repeats, out=mean, where=self.repeats > 0)
        return mean

    def table(self) -> pa.Table:
        """The summary as an Arrow table; money is null where there are no amounts."""
        import pyarrow as pa

        bought = self.bought
        money = np.full(len(bought), np.nan) if not self.has_amounts else self.total
        return pa.table(
            {
                "customer": self.customer,
                "first_on": dates(self.first_day, bought),
                "last_on": dates(self.last_day, bought),
                "occasions": pa.array(self.occasions),
                "repeats": pa.array(self.repeats),
                "recency": nullable(self.recency),
                "age": nullable(self.age),
                "mean_spend": nullable(self.mean_spend),
                "total": nullable(money),
            }
        )


def sum_of_logs(by_gap: NDArray[np.int64], unit: str) -> float:
    """Σ log of the times in `unit`, of counts by days: what a model of rhythm must know of them."""
    gaps = np.flatnonzero(by_gap)
    return float(np.einsum("i,i->", by_gap[gaps], np.log(gaps / days_in(unit))))


def dates(days: NDArray[Any], known: NDArray[np.bool_] | None = None) -> pa.Array:
    """Days since 1970-01-01 as Arrow dates, null where not `known`."""
    import pyarrow as pa

    mask = None if known is None else ~known
    return pa.array(days.astype(np.int32), mask=mask).cast(pa.date32())


def nullable(numbers: NDArray[Any]) -> pa.Array:
    """Floats as an Arrow array, NaN as null."""
    import pyarrow as pa

    return pa.array(numbers, mask=np.isnan(numbers))


def summarise(
    source: Any,
    *,
    customer: str,
    date: str,
    amount: str | None = None,
    unit: str = "day",
    until: date | None = None,
) -> Summary:
    """The summary of transactions in a CSV or Parquet file, or an Arrow, pandas or polars table.

    `customer`, `date` and `amount` name the columns. Ages run until the day `until`, later rows are
    left out; without it until the last day there is. Raises `reading.Unreadable` with file, line,
    column and remedy.

    >>> import pyarrow as pa
    >>> orders = pa.table({"who": ["A", "A", "B", "A"], "day": ["2025-01-01", "2025-01-15",
    ...     "2025-01-08", "2025-01-15"], "paid": [10.0, 30.0, 5.0, -2.0]})
    >>> found = summarise(orders, customer="who", date="day", amount="paid", unit="week")
    >>> found.repeats, found.recency, found.mean_spend, found.total
    (array([1, 0], dtype=int32), array([2., 0.]), array([30., nan]), array([38.,  5.]))
    """
    days_in(unit)
    if isinstance(source, (str, os.PathLike)) and Path(source).suffix.lower() in PARQUET:
        last = None if until is None else (until - EPOCH).days
        followed = occasions_in_order(Path(source), customer, date, amount, last)
        if followed is not None:
            import pyarrow as pa

            numbers, found, last = followed
            known = amount is not None
            return summary_from(pa.array(numbers), found, unit, last, has_amounts=known)
    rows = read_transactions(source, Columns(customer, date, amount))
    return summary_of(rows, unit=unit, until=until)


def summary_of(rows: Transactions, *, unit: str, until: date | None = None) -> Summary:
    """The summary of transactions that were read."""
    days_in(unit)
    last = int(rows.days.max(initial=0)) if until is None else (until - EPOCH).days
    try:
        found = find_occasions(rows.codes, rows.days, rows.amounts, len(rows.customers), last)
    except OverflowError as error:
        raise Unreadable(str(error)) from error
    customers = rows.customers
    seen = found.lines > 0
    if not seen.all():  # rows after the last day only: not a customer yet
        import pyarrow as pa

        customers = customers.filter(pa.array(seen))
        found = found.of(seen)
    return summary_from(customers, found, unit, last, has_amounts=rows.amounts is not None)


def summary_from(
    customers: pa.Array, found: Occasions, unit: str, until: int, *, has_amounts: bool
) -> Summary:
    """The summary of occasions that were found; `until` in days since 1970-01-01."""
    bought = found.count > 0
    length = days_in(unit)
    first, last = found.first_day.astype(np.float64), found.last_day.astype(np.float64)
    paying = found.paid_repeats > 0
    paid = found.paid / FRACTIONS
    return Summary(
        customer=customers,
        unit=unit,
        until=EPOCH + timedelta(days=until),
        first_day=found.first_day,
        last_day=found.last_day,
        occasions=found.count,
        repeats=np.maximum(found.count - 1, 0).astype(np.int32),
        recency=np.where(bought, (last - first) / length, np.nan),
        age=np.where(bought, (until - first) / length, np.nan),
        paid_repeats=found.paid_repeats,
        mean_spend=np.divide(
            paid, found.paid_repeats, out=np.full(len(paid), np.nan), where=paying
        ),
        total=found.total / FRACTIONS,
        returns=found.returned / FRACTIONS,
        has_amounts=has_amounts,
        since=found.since,
        repeats_by_day=found.repeats_by_day,
        repeats_by_gap=found.repeats_by_gap,
    )
