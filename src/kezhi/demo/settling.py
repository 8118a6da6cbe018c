"""When customers were to pay and when they did: most keep their terms, some let it slide, a few are a worry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from kezhi.demo.buying import DAYS, Buying, Days
from kezhi.demo.customers import Customer
from kezhi.demo.selling import Sales

SINCE = DAYS - 2 * 365
"""Older orders come from the former accounts, which told nothing of payments."""
NEVER = -1
EARLY, SLACK, WORRY = -6.0, 9.0, 38.0  # usual days after the due date
STEADY, UNSTEADY = 3.5, 13.0
SHARES = (0.68, 0.24, 0.08)
MORE_IF_DIFFICULT = 14.0
DISPUTED, DISPUTE_DAYS = 0.02, 70.0


@dataclass(frozen=True)
class Payments:
    """By position of the order: the days due and paid, -1 where nothing is known or nothing was paid yet."""

    due: Days
    paid: Days


def imagine_payments(
    rng: Generator, customers: list[Customer], buying: Buying, sales: Sales
) -> Payments:
    """Of orders of the last two years, not of credit notes, which come after the orders."""
    habit = rng.choice([EARLY, SLACK, WORRY], size=len(customers), p=SHARES)
    habit = habit + rng.normal(0, 2.5, len(customers)) + MORE_IF_DIFFICULT * buying.is_difficult
    customer, day = sales.order_customer, sales.order_day
    terms = np.array([each.payment_days for each in customers])[customer]
    usual = habit[customer]
    late = usual + rng.normal(0, 1.0, len(day)) * np.where(usual > 0, UNSTEADY, STEADY)
    disputed = rng.random(len(day)) < DISPUTED
    late = late + np.where(disputed, rng.exponential(DISPUTE_DAYS, len(day)), 0.0)
    is_told = (day >= SINCE) & (np.arange(len(day)) < len(buying.day))
    due = day + terms
    # Without a term it is paid with the order, unless there is a dispute.
    paid = np.maximum(day, due + np.where((terms > 0) | disputed, np.round(late), 0).astype(int))
    return Payments(np.where(is_told, due, NEVER), np.where(is_told & (paid < DAYS), paid, NEVER))
