"""Realised value: what customers have brought so far.

    RV = Σ (revenue − cost of goods − cost to serve) · (1 + rate)^(age in years)

A line without cost of goods counts with a margin rate instead, and marks the customer's figures as
an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kezhi.value.durations import DAYS_PER_YEAR

Vector = NDArray[np.float64]

YEAR_DAYS = 365
"""A year back in whole days: "the last 12 months"."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Dated money by customer code: order lines or cost entries."""

    codes: NDArray[np.int32]
    days: NDArray[np.int32]
    amounts: Vector


@dataclass(frozen=True, slots=True)
class Realised:
    """Per customer. `margin_rate` is the own gross margin, everybody's where revenue isn't
    positive."""

    revenue: Vector
    cost_of_goods: Vector
    cost_to_serve: Vector
    revenue_12m: Vector
    contribution_12m: Vector
    value: Vector
    is_estimate: NDArray[np.bool_]
    margin_rate: Vector


def realised(
    orders: Lines,
    line_costs: Vector | None,
    line_margins: Vector | None,
    serving: Lines | None,
    *,
    customers: int,
    as_of: int,
    margin_rate: float,
    compound_rate: float = 0.0,
) -> Realised:
    """Realised value from order lines, their costs where known (NaN: not), and costs to serve.

    `as_of` is a day since 1970-01-01; later lines are left out. `line_margins` are margin rates for
    lines without cost, `margin_rate` for those without either.

    >>> orders = Lines(np.array([0, 0, 1]), np.array([100, 460, 460]), np.array([80.0, 100.0, 50.0]))
    >>> found = realised(orders, np.array([50.0, 60.0, np.nan]), None, None, customers=2, as_of=470,
    ...     margin_rate=0.3)
    >>> found.value, found.contribution_12m, found.is_estimate
    (array([70., 15.]), array([40., 15.]), array([False,  True]))
    """
    orders, line_costs, line_margins = _until(orders, as_of, line_costs, line_margins)
    own = np.full(len(orders.amounts), np.nan) if line_costs is None else line_costs
    rates = np.full(len(own), np.nan) if line_margins is None else line_margins
    unknown = np.isnan(own)
    rates = np.where(np.isnan(rates), margin_rate, rates)
    goods = np.where(unknown, orders.amounts * (1 - rates), own)
    lately = orders.days > as_of - YEAR_DAYS

    def summed(codes: NDArray[np.int32], amounts: Vector) -> Vector:
        return np.bincount(codes, amounts, minlength=customers).astype(np.float64)

    def carried(days: NDArray[np.int32]) -> Vector | float:
        if compound_rate == 0:
            return 1.0
        return np.asarray((1 + compound_rate) ** ((as_of - days) / DAYS_PER_YEAR))

    margin = orders.amounts - goods
    revenue, cost_of_goods = summed(orders.codes, orders.amounts), summed(orders.codes, goods)
    found = summed(orders.codes, margin * carried(orders.days))
    contribution = summed(orders.codes[lately], margin[lately])
    cost_to_serve = np.zeros(customers)
    if serving is not None:
        serving, _, _ = _until(serving, as_of, None, None)
        cost_to_serve = summed(serving.codes, serving.amounts)
        found = found - summed(serving.codes, serving.amounts * carried(serving.days))
        recent = serving.days > as_of - YEAR_DAYS
        contribution = contribution - summed(serving.codes[recent], serving.amounts[recent])
    return Realised(
        revenue=revenue,
        cost_of_goods=cost_of_goods,
        cost_to_serve=cost_to_serve,
        revenue_12m=summed(orders.codes[lately], orders.amounts[lately]),
        contribution_12m=contribution,
        value=found,
        is_estimate=np.bincount(orders.codes[unknown], minlength=customers) > 0,
        margin_rate=own_margin(revenue, cost_of_goods, margin_rate),
    )


def _until(
    lines: Lines, as_of: int, costs: Vector | None, margins: Vector | None
) -> tuple[Lines, Vector | None, Vector | None]:
    within = lines.days <= as_of
    if within.all():
        return lines, costs, margins
    return (
        Lines(lines.codes[within], lines.days[within], lines.amounts[within]),
        None if costs is None else costs[within],
        None if margins is None else margins[within],
    )


def own_margin(revenue: Vector, goods: Vector, otherwise: float) -> Vector:
    """Everybody's own gross margin; that of all together where revenue isn't positive."""
    whole = float(revenue.sum())
    everybody = (whole - float(goods.sum())) / whole if whole > 0 else otherwise
    own = np.full(len(revenue), everybody)
    np.divide(revenue - goods, revenue, out=own, where=revenue > 0)
    clipped: Vector = np.clip(own, -1.0, 1.0)
    return clipped
