"""Cost to serve from what was done: activity rates (Kaplan & Anderson 2004) and shared totals.

An activity has a rate, the money for an hour, a visit, a delivery, a touch; what a customer took up is
a quantity of it. Where only a total is known (the freight bill of a month, the salaries of the hot
line) an allocation rule shares it out; then every total lands exactly, to the cent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.costs.allocation import allocate
from kezhi.value.realised import Lines
from kezhi.value.sums import sum_by

Vector = NDArray[np.float64]

Rule = Literal["revenue", "orders", "lines", "weight", "equal"]
RULES: tuple[Rule, ...] = ("revenue", "orders", "lines", "weight", "equal")


@dataclass(frozen=True, slots=True)
class Activity:
    """What one unit of an activity costs: `rate` money for an hour, a visit, a delivery, a touch."""

    kind: str
    rate: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Total:
    """A cost known in total only, for the days `first` … `last` since 1970-01-01, and by which rule
    it is shared out among the customers who bought in that time."""

    kind: str
    amount: float
    first: int
    last: int
    rule: Rule = "revenue"

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ValueError(f"{self.rule!r} is no rule; use one of {', '.join(RULES)}")
        if self.last < self.first:
            raise ValueError(f"{self.kind}: the last day lies before the first")


@dataclass(frozen=True, slots=True)
class Bought:
    """Order lines as the rules see them. Lines of one order have equal `orders` codes; a rule whose
    column is None can't be used."""

    codes: NDArray[np.int32]
    days: NDArray[np.int32]
    amounts: Vector
    orders: NDArray[np.int64] | None = None
    weights: Vector | None = None


@dataclass(frozen=True, slots=True)
class Serving:
    """Costs to serve: one dated line each. `kinds` are names, `kind` which of them a line has.

    `unknown` are kinds of activities without a rate, with how many entries were left out for that.
    """

    lines: Lines
    kinds: tuple[str, ...]
    kind: NDArray[np.int32]
    unknown: dict[str, int]

    def by_kind(self, customers: int) -> dict[str, Vector]:
        """The cost of each kind per customer."""
        return {
            name: sum_by(
                self.lines.codes[self.kind == k], self.lines.amounts[self.kind == k], customers
            )
            for k, name in enumerate(self.kinds)
        }


def serving_costs(
    codes: ArrayLike,
    days: ArrayLike,
    kinds: Sequence[str],
    quantities: ArrayLike,
    *,
    rates: Sequence[Activity],
    totals: Sequence[Total] = (),
    bought: Bought | None = None,
    customers: int,
) -> Serving:
    """Activities × rates, and totals shared out by their rules on their last day.

    >>> found = serving_costs([0, 1], [10, 20], ["visit", "fax"], [2, 1], rates=[Activity("visit", 300)],
    ...     totals=[Total("freight", 100, 0, 30)], bought=Bought(np.array([0, 1, 1]),
    ...     np.array([5, 6, 7]), np.array([10.0, 10.0, 10.0])), customers=2)
    >>> {kind: costs.tolist() for kind, costs in found.by_kind(2).items()}
    {'visit': [600.0, 0.0], 'freight': [33.33, 66.67]}
    >>> found.unknown
    {'fax': 1}
    """
    rate_of: Mapping[str, float] = {activity.kind: activity.rate for activity in rates}
    names = np.asarray(kinds, dtype=object).astype(str)
    distinct, index = np.unique(names, return_inverse=True)
    rate = np.array([rate_of.get(str(name), np.nan) for name in distinct], dtype=np.float64)
    known = ~np.isnan(rate[index]) if len(names) else np.zeros(0, dtype=np.bool_)
    used = {str(name): None for name in distinct[~np.isnan(rate)]}
    order = list(dict.fromkeys((*used, *(total.kind for total in totals))))
    place = np.array([order.index(str(n)) if str(n) in used else -1 for n in distinct], np.int32)
    who = [np.asarray(codes, dtype=np.int32)[known]]
    when = [np.asarray(days, dtype=np.int32)[known]]
    money = [(np.asarray(quantities, dtype=np.float64) * rate[index])[known]] if len(names) else []
    which = [place[index][known]] if len(names) else []
    for total in totals:
        if bought is None:
            raise ValueError(
                f"{total.kind}: without order lines there is nobody to share it out to"
            )
        parts = _shared(total, bought, customers)
        carriers = np.flatnonzero(parts)
        who.append(carriers.astype(np.int32))
        when.append(np.full(len(carriers), total.last, dtype=np.int32))
        money.append(parts[carriers])
        which.append(np.full(len(carriers), order.index(total.kind), dtype=np.int32))
    return Serving(
        Lines(
            np.concatenate(who),
            np.concatenate(when),
            np.concatenate(money) if money else np.zeros(0),
        ),
        tuple(order),
        np.concatenate(which) if which else np.zeros(0, np.int32),
        {str(n): int((index == k).sum()) for k, n in enumerate(distinct) if np.isnan(rate[k])},
    )


def _shared(total: Total, bought: Bought, customers: int) -> Vector:
    within = (bought.days >= total.first) & (bought.days <= total.last)
    try:
        return allocate(total.amount, basis_of(total.rule, bought, within, customers))
    except ValueError as error:
        raise ValueError(f"{total.kind}: {error}") from error


def basis_of(rule: Rule, bought: Bought, within: NDArray[np.bool_], customers: int) -> Vector:
    """What a rule shares out by, per customer: positive revenue, orders, lines, weight, or 1 for
    everybody who bought in that time."""
    codes = bought.codes[within]
    if rule == "revenue":
        return np.maximum(sum_by(codes, bought.amounts[within], customers), 0.0)
    if rule == "weight":
        if bought.weights is None:
            raise ValueError("the order lines have no weight to share out by")
        return np.maximum(sum_by(codes, bought.weights[within], customers), 0.0)
    lines = np.bincount(codes, minlength=customers).astype(np.float64)
    if rule == "lines":
        return lines
    if rule == "equal":
        return (lines > 0).astype(np.float64)
    if bought.orders is None:
        raise ValueError("the order lines name no orders to share out by")
    orders, order = np.unique(bought.orders[within], return_inverse=True)
    pairs = np.unique(codes.astype(np.int64) * len(orders) + order)
    own = pairs // max(len(orders), 1)
    return np.bincount(own, minlength=customers).astype(np.float64)
