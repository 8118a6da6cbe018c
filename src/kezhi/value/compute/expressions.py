"""What is asked of all order lines at once, as Ibis expressions: they run where the lines lie.

Only counts, extremes and an order are asked here. Sums of money are left to the kernels, which add
each customer's lines in their order: so the digits don't depend on who came first over the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from kezhi.value.compute.local import FRACTIONS, LARGEST
from kezhi.value.reading import EPOCH, YEARS, Unreadable

if TYPE_CHECKING:
    import ibis

MONEY = {"amount": "float64", "cost": "float64", "margin_rate": "float64"}


@dataclass(frozen=True, slots=True)
class Extent:
    """Lines there are, the first day of those until the day of the run, and of purchases among them."""

    lines: int
    first_day: int | None
    first_purchase: int | None


def sound(table: ibis.Table, name: str) -> ibis.Table:
    """The columns that the engine reads, in its types. Raises `Unreadable` for others."""
    import ibis

    held = table.schema()
    for column in ("customer", "day", "amount"):
        if column not in held:
            raise Unreadable(f"{name}: there is no column {column!r}")
    if not held["customer"].is_integer():
        raise Unreadable(
            f"{name}, column 'customer': {held['customer']} is no number of a customer"
        )
    if not (held["day"].is_date() or held["day"].is_timestamp()):
        raise Unreadable(f"{name}, column 'day': {held['day']} is no date")
    if not held["amount"].is_numeric():
        raise Unreadable(f"{name}, column 'amount': {held['amount']} is no amount; give numbers")
    return table.select(
        customer=table.customer.cast("int64"),
        day=table.day.cast("date"),
        **{
            column: table[column].cast(kind) if column in held else ibis.null(kind)
            for column, kind in MONEY.items()
        },
        row=table.row,
    )


def numbered(table: ibis.Table, files: ibis.Table) -> ibis.Table:
    """Rows numbered over all files, in their order: `files` tells the first row of each."""
    joined = table.join(files, "file")
    return joined.mutate(row=joined.first_row + joined.row_index)


def facts_about(lines: ibis.Table, as_of: date) -> ibis.Table:
    """One row about all lines, which `extent` reads."""
    import ibis

    until = lines.day <= ibis.literal(as_of)
    bought = lines.amount * FRACTIONS >= -0.5
    first, last = date(YEARS[0], 1, 1), date(YEARS[1], 12, 31)
    is_number = ~(lines.amount.isnan() | lines.amount.isinf())
    return lines.aggregate(
        rows=lines.count(),
        no_customer=lines.customer.isnull().sum(),
        no_day=lines.day.isnull().sum(),
        no_amount=(lines.amount.isnull() | ~is_number).sum(),
        no_year=(~lines.day.between(first, last)).sum(),
        reach=lines.amount.abs().sum(),
        first=lines.day.min(where=until),
        first_purchase=lines.day.min(where=until & bought),
    )


def extent(found: Mapping[str, Any], name: str) -> Extent:
    """How far lines reach. Raises `Unreadable` where some aren't sound, and says how many."""
    for key, column, what in (
        ("no_customer", "customer", "without a customer"),
        ("no_day", "day", "without a date"),
        ("no_year", "day", f"whose date lies outside the years {YEARS[0]} to {YEARS[1]}"),
        ("no_amount", "amount", "whose amount is missing or no number"),
    ):
        if found[key]:
            rows = int(found[key])
            raise Unreadable(
                f"{name}, column {column!r}: {rows} rows {what}; fill it in or take them out"
            )
    if not (found["reach"] or 0.0) < LARGEST:
        raise OverflowError(f"amounts add up to more than {LARGEST:.0e}: not exact any more")
    return Extent(int(found["rows"]), _day(found["first"]), _day(found["first_purchase"]))


def _day(found: date | None) -> int | None:
    return None if found is None else (found - EPOCH).days


def together(lines: ibis.Table, costs: ibis.Table | None) -> ibis.Table:
    """Order lines and costs to serve as rows of one table."""
    import ibis

    both = lines.mutate(is_cost=ibis.literal(False))
    if costs is not None:
        both = both.union(costs.mutate(is_cost=ibis.literal(True)))
    return both
