"""Where growth comes from: new or present products × new or present customers (Ansoff 1957)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.compute.local import MANY_ROWS
from kezhi.value.numbering import numbered

CELLS = ("loyalty", "acquisition", "expansion", "diversification")
"""Present products to present customers 客户忠诚; to new ones 客户获得; new products to present customers
客户扩充; to new ones 客户多样化."""


@dataclass(frozen=True, slots=True)
class Newness:
    """What counts as new.

    A customer is new for `customer_days` from the first purchase, and again from the purchase after
    `lapse_days` without any (None: once a customer, never new again).

    A product is new, `by` `launch`: for `product_days` from its launch, or from the first time anybody
    bought it where no launch is known; `by` `customer`: when this customer hasn't bought it within
    the `product_days` before (to a new customer every product is, so there the launch counts).
    """

    customer_days: int = 365
    lapse_days: int | None = 730
    by: Literal["launch", "customer"] = "launch"
    product_days: int = 365

    def __post_init__(self) -> None:
        if self.by not in ("launch", "customer"):
            raise ValueError(f"products are new by launch or by customer, not by {self.by!r}")
        if min(self.customer_days, self.product_days, self.lapse_days or 1) < 1:
            raise ValueError("what is new is so for at least a day")


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell brought in the period. `contribution` is None where no costs are known.

    `customers` bought something in the cell: a customer can stand in two.
    """

    cell: str
    revenue: float
    contribution: float | None
    customers: int
    products: int
    lines: int


@dataclass(frozen=True, slots=True)
class GrowthMatrix:
    """The four cells in the order of `CELLS`, and the cell of every line (-1: not in the period).

    `days_before` is how much history lies before the period: with less than `customer_days` present
    customers can't be told from new ones, and the matrix overstates what is new (`is_short`).
    """

    cells: tuple[Cell, ...]
    cell: NDArray[np.int8]
    days_before: int
    is_short: bool


def growth_matrix(
    customers: ArrayLike,
    products: ArrayLike,
    days: ArrayLike,
    amounts: ArrayLike,
    contributions: ArrayLike | None = None,
    *,
    first_day: int,
    last_day: int,
    newness: Newness | None = None,
    launches: Mapping[Any, int] | None = None,
) -> GrowthMatrix:
    """Order lines of the whole history; those from `first_day` to `last_day` are laid out.

    `days` are whole days (since any day), `launches` the day by product. Returns (amounts below 0) count
    as money in the cell where the customer and product stand on that day, but begin nothing. Raises
    ValueError for columns of different length and a period that ends before it begins.

    >>> found = growth_matrix([1, 1, 2, 1], ["a", "a", "a", "b"], [0, 400, 400, 410],
    ...     [10.0, 20.0, 30.0, 40.0], first_day=366, last_day=500)
    >>> {one.cell: one.revenue for one in found.cells}
    {'loyalty': 20.0, 'acquisition': 30.0, 'expansion': 40.0, 'diversification': 0.0}
    """
    rule = newness or Newness()
    _who, owner = numbered(customers)
    what, product = numbered(products)
    day = np.asarray(days, dtype=np.int64)
    amount = np.asarray(amounts, dtype=np.float64)
    gain = None if contributions is None else np.asarray(contributions, dtype=np.float64)
    if (
        len(
            {len(owner), len(product), len(day), len(amount), len(amount if gain is None else gain)}
        )
        > 1
    ):
        raise ValueError("customers, products, days and amounts are columns of the same lines")
    if last_day < first_day:
        raise ValueError("the period ends before it begins")
    bought = amount > 0
    since = _since(owner, day, bought, rule.lapse_days)
    new_customer = (day >= since) & (day < since + rule.customer_days)
    launched = _launches(what, product, day, bought, launches)
    new_product = (day >= launched) & (day < launched + rule.product_days)
    if rule.by == "customer":
        pair = owner * max(len(what), 1) + product
        fresh = _not_lately(pair, day, bought, rule.product_days)
        new_product = np.where(new_customer, new_product, fresh)
    inside = (day >= first_day) & (day <= last_day)
    cell = np.where(inside, new_customer + 2 * new_product, -1).astype(np.int8)
    found = tuple(
        _cell(name, cell == place, owner, product, amount, gain) for place, name in enumerate(CELLS)
    )
    before = max(0, first_day - int(day.min())) if len(day) else 0
    return GrowthMatrix(found, cell, before, before < rule.customer_days)


def _cell(
    name: str,
    lines: NDArray[np.bool_],
    owner: NDArray[np.int64],
    product: NDArray[np.int64],
    amount: NDArray[np.float64],
    gain: NDArray[np.float64] | None,
) -> Cell:
    return Cell(
        cell=name,
        revenue=float(amount[lines].sum()),
        contribution=None if gain is None else float(np.nansum(gain[lines])),
        customers=int(np.count_nonzero(np.bincount(owner[lines]))),
        products=int(np.count_nonzero(np.bincount(product[lines]))),
        lines=int(lines.sum()),
    )


NEVER = -(2**40)
"""A day so long ago that nothing is new any more."""


def _starts(
    group: NDArray[np.int64], day: NDArray[np.int64], bought: NDArray[np.bool_], gap: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Purchases in order of group and day: their group, their day, and the day on which the row of
    purchases without a longer gap began that each one belongs to."""
    taken = np.flatnonzero(bought)
    order = taken[np.lexsort((day[taken], group[taken]))]
    owner, when = group[order], day[order]
    begins = np.ones(len(order), dtype=np.bool_)
    if len(order) > 1:
        begins[1:] = owner[1:] != owner[:-1]
        if gap is not None:
            begins[1:] |= when[1:] - when[:-1] > gap
    first = np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))
    return owner, when, when[first]


def _last_at(
    owner: NDArray[np.int64],
    when: NDArray[np.int64],
    group: NDArray[np.int64],
    day: NDArray[np.int64],
    side: Literal["left", "right"],
) -> NDArray[np.int64]:
    """Position of each line's last purchase up to (`right`) or before (`left`) its day; -1: none."""
    low = int(min(when.min(initial=0), day.min(initial=0)))
    span = int(max(when.max(initial=0), day.max(initial=0))) - low + 2
    keys = owner * span + (when - low)
    at = np.searchsorted(keys, group * span + (day - low), side=side) - 1
    mine = at >= 0
    mine[mine] = owner[at[mine]] == group[mine]
    return np.where(mine, at, -1)


def _since(
    owner: NDArray[np.int64], day: NDArray[np.int64], bought: NDArray[np.bool_], lapse: int | None
) -> NDArray[np.int64]:
    """The day since which each line's customer buys; a return before any purchase is of an old one."""
    if len(day) >= MANY_ROWS:
        return _followed(owner, day, bought, lapse)[0]
    group, when, began = _starts(owner, day, bought, lapse)
    at = _last_at(group, when, owner, day, "right")
    return np.where(at >= 0, began[at] if len(began) else NEVER, NEVER)


def _not_lately(
    pair: NDArray[np.int64], day: NDArray[np.int64], bought: NDArray[np.bool_], days: int
) -> NDArray[np.bool_]:
    """Whether a line buys what its customer hasn't bought within the days before; returns don't."""
    if len(day) >= MANY_ROWS:
        last = _followed(_counted(pair), day, bought, None)[1]
    else:
        group, when, _began = _starts(pair, day, bought, None)
        at = _last_at(group, when, pair, day, "left")
        last = np.where(at >= 0, when[at] if len(when) else NEVER, NEVER)
    return bought & (day - last > days)


def _followed(
    group: NDArray[np.int64], day: NDArray[np.int64], bought: NDArray[np.bool_], gap: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For many lines: the same by following them in the order of days."""
    from kezhi.value.compute.compiled_growth import follow

    is_ordered = bool((np.diff(day) >= 0).all())
    order = np.arange(len(day)) if is_ordered else np.argsort(day, kind="stable")
    groups = int(group.max(initial=-1)) + 1
    longest = -NEVER if gap is None else gap
    began, before = follow(group, day, bought, order, groups, longest, NEVER)
    return began, before


def _counted(pair: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers that lie far apart, numbered anew in any order: no table would hold all between them."""
    import pyarrow as pa

    return np.asarray(pa.array(pair).dictionary_encode().indices, dtype=np.int64)


def _launches(
    what: NDArray[Any],
    product: NDArray[np.int64],
    day: NDArray[np.int64],
    bought: NDArray[np.bool_],
    launches: Mapping[Any, int] | None,
) -> NDArray[np.int64]:
    first = np.full(len(what), np.iinfo(np.int64).max // 2)
    np.minimum.at(first, product[bought], day[bought])
    for place, name in enumerate(what.tolist()):
        if launches is not None and name in launches:
            first[place] = launches[name]
    return first[product]
