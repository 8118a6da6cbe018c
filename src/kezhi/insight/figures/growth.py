"""The growth matrix: what present and new customers bought of present and new products, period by period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, get_args

import numpy as np
from django.db.models import Min
from numpy.typing import NDArray

from kezhi.core.actor import Actor, Scope
from kezhi.customers.models import Customer
from kezhi.insight.copying import copied
from kezhi.insight.figures.basis import Basis, months_before
from kezhi.insight.figures.keeping import MANY, store, stored
from kezhi.ledger.models import OrderLine
from kezhi.value.growth_matrix import CELLS, Newness, growth_matrix
from kezhi.value.numbering import numbered

By = Literal["launch", "customer"]

QUARTERS = 8
LISTED_CUSTOMERS, LISTED_PRODUCTS = 200, 20
MOST_LINES = 300_000
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Bought:
    """What a customer or a product brought in a cell."""

    pk: int
    revenue: float


@dataclass(frozen=True, slots=True)
class GrowthCell:
    """A cell in a period; the most important of its customers and products, by revenue."""

    cell: str
    revenue: float
    customers: int
    products: int
    leading_customers: tuple[Bought, ...]
    leading_products: tuple[Bought, ...]


@dataclass(frozen=True, slots=True)
class GrowthPeriod:
    """Cells in the order of `CELLS`. `is_short`: so little history lies before that present customers can't
    be told from new ones. `months` is 3 or 12."""

    starts_on: date
    ends_on: date
    months: int
    is_short: bool
    cells: tuple[GrowthCell, ...]

    @property
    def revenue(self) -> float:
        return sum(cell.revenue for cell in self.cells)

    def cell(self, name: str) -> GrowthCell:
        return self.cells[CELLS.index(name)]


@dataclass(frozen=True, slots=True)
class Growth:
    """Quarters and years back from the day of the run, the latest first; empty without orders."""

    quarters: tuple[GrowthPeriod, ...]
    years: tuple[GrowthPeriod, ...]
    customer_days: int
    lapse_days: int
    product_days: int


@dataclass(frozen=True, slots=True)
class Launches:
    """The first day on which anybody bought each product, as days since 1970."""

    products: tuple[int, ...]
    days: tuple[int, ...]


def growth(actor: Actor, basis: Basis, by: By = "launch") -> Growth | None:
    """Orders of the customers that the actor may see, until the day of the run.

    What sees the whole company is worked out once a run. None: a part of the company with more order lines
    than can be laid out while somebody waits.
    """
    if actor.scope("read", "customer") is Scope.ALL:
        key = f"growth|{by}"
        found: Growth | None = stored(basis, key, Growth)
        return found or store(basis, key, _growth(_all_lines(basis), None, basis, by))
    lines = _some_lines(actor, basis)
    return None if lines is None else _growth(lines, _launches(basis), basis, by)


def keep_growth(basis: Basis) -> None:
    """After a run: both ways of telling what is new, for those who see the whole company."""
    lines = _all_lines(basis)
    for by in get_args(By):
        store(basis, f"growth|{by}", _growth(lines, None, basis, by))


LINE = np.dtype([("customer", "i8"), ("product", "i8"), ("day", "i4"), ("amount", "f8")])
# Year by year, so that never more than a year's rows are held twice.
LINES = """
    SELECT customer_id, product_id, ordered_on - DATE '1970-01-01', (amount * 100)::bigint
    FROM ledger_orderline
    WHERE product_id IS NOT NULL AND ordered_on BETWEEN DATE '{first}' AND DATE '{last}'
"""


def _all_lines(basis: Basis) -> NDArray[Any]:
    first = OrderLine.objects.aggregate(first=Min("ordered_on"))["first"] or basis.as_of
    years = []
    for year in range(first.year, basis.as_of.year + 1):
        last = min(date(year, 12, 31), basis.as_of)
        rows = copied(
            LINES.format(first=date(year, 1, 1).isoformat(), last=last.isoformat()),
            ("i8", "i8", "i4", "i8"),
        )
        lines = np.empty(len(rows["f0"]), dtype=LINE)
        lines["customer"], lines["product"], lines["day"] = rows["f0"], rows["f1"], rows["f2"]
        lines["amount"] = rows["f3"] / 100
        years.append(lines)
    return np.concatenate(years) if years else np.empty(0, dtype=LINE)


def _some_lines(actor: Actor, basis: Basis) -> NDArray[Any] | None:
    """Those of the customers that somebody sees; None where there are too many."""
    rows = OrderLine.objects.filter(
        customer__in=Customer.objects.visible_to(actor).values("pk"),
        ordered_on__lte=basis.as_of,
        product__isnull=False,
    ).order_by()
    if rows[: MOST_LINES + 1].count() > MOST_LINES:
        return None
    read = rows.values_list("customer_id", "product_id", "ordered_on", "amount")
    return np.array(
        [(who, what, (day - EPOCH).days, float(amount)) for who, what, day, amount in read],
        dtype=LINE,
    )


def _launches(basis: Basis) -> Launches:
    """Over the whole company: a product isn't new because a salesperson's customers never bought it."""
    known: Launches | None = stored(basis, "launches", Launches)
    if known is None:
        first = OrderLine.objects.filter(product__isnull=False, amount__gt=0)
        rows = dict(first.values_list("product_id").annotate(Min("ordered_on")).order_by())
        known = Launches(tuple(rows), tuple((day - EPOCH).days for day in rows.values()))
        if basis.run.customers >= MANY:
            store(basis, "launches", known)
    return known


def _growth(lines: NDArray[Any], launches: Launches | None, basis: Basis, by: By) -> Growth:
    rule = Newness(by=by)
    last = (basis.as_of - EPOCH).days
    periods = _periods(basis.as_of)
    told = growth_matrix(
        lines["customer"],
        lines["product"],
        lines["day"],
        lines["amount"],
        first_day=min((starts - EPOCH).days for starts, _ends, _months in periods),
        last_day=last,
        newness=rule,
        launches=dict(zip(launches.products, launches.days, strict=True)) if launches else None,
    )
    first = int(lines["day"].min()) if len(lines) else last
    found = [_period(lines, told.cell, first, rule, *period) for period in periods]
    return Growth(
        quarters=tuple(period for period in found if period.months == 3),
        years=tuple(period for period in found if period.months == 12),
        customer_days=rule.customer_days,
        lapse_days=rule.lapse_days or 0,
        product_days=rule.product_days,
    )


def _periods(until: date) -> list[tuple[date, date, int]]:
    """First and last day and length in months, the latest first."""

    def span(months: int, back: int) -> tuple[date, date, int]:
        ends = months_before(until, back * months)
        return months_before(until, (back + 1) * months) + timedelta(days=1), ends, months

    return [*(span(3, back) for back in range(QUARTERS)), *(span(12, back) for back in range(2))]


def _period(
    lines: NDArray[Any],
    cells: NDArray[np.int8],
    first_day: int,
    rule: Newness,
    starts: date,
    ends: date,
    months: int,
) -> GrowthPeriod:
    low, high = (starts - EPOCH).days, (ends - EPOCH).days
    inside = (lines["day"] >= low) & (lines["day"] <= high)
    return GrowthPeriod(
        starts_on=starts,
        ends_on=ends,
        months=months,
        is_short=low - first_day < rule.customer_days,
        cells=tuple(
            _cell(name, lines[inside & (cells == place)]) for place, name in enumerate(CELLS)
        ),
    )


def _cell(name: str, lines: NDArray[Any]) -> GrowthCell:
    customers, leading_customers = _leading(lines, "customer", LISTED_CUSTOMERS)
    products, leading_products = _leading(lines, "product", LISTED_PRODUCTS)
    return GrowthCell(
        name, float(lines["amount"].sum()), customers, products, leading_customers, leading_products
    )


def _leading(lines: NDArray[Any], column: str, most: int) -> tuple[int, tuple[Bought, ...]]:
    """How many there are, and those with the most revenue."""
    ids, place = numbered(lines[column])
    revenue = np.bincount(place, lines["amount"], minlength=len(ids))
    best = np.lexsort((ids, -revenue))[:most]
    return len(ids), tuple(Bought(int(ids[at]), float(revenue[at])) for at in best)
