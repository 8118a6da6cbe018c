"""When goods were promised and when they came: mostly in time, late around festivals and for a few often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from kezhi.demo.buying import DAYS, Buying, Days
from kezhi.demo.selling import Sales
from kezhi.demo.settling import NEVER

SINCE = DAYS - 430
"""Before that nobody wrote the days of delivery down."""
QUICKEST, LONGEST = 2, 9
LATE, LATE_IF_DIFFICULT = 0.06, 0.24
USUAL_DELAY, LATEST = 2.2, 21


@dataclass(frozen=True)
class Deliveries:
    """By position of the order: the days promised and delivered, -1 where unknown or still on its way."""

    promised: Days
    delivered: Days


def imagine_deliveries(rng: Generator, buying: Buying, sales: Sales) -> Deliveries:
    """Of orders of the last fourteen months, not of credit notes."""
    customer, day = sales.order_customer, sales.order_day
    promised = day + rng.integers(QUICKEST, LONGEST, len(day))
    chance = np.where(buying.is_difficult[customer], LATE_IF_DIFFICULT, LATE)
    is_late = rng.random(len(day)) < chance
    delay = np.minimum(1 + rng.exponential(USUAL_DELAY, len(day)).astype(int), LATEST)
    early = rng.integers(0, 2, len(day))
    delivered = np.maximum(day, np.where(is_late, promised + delay, promised - early))
    is_told = (day >= SINCE) & (np.arange(len(day)) < len(buying.day))
    return Deliveries(
        np.where(is_told, promised, NEVER),
        np.where(is_told & (delivered < DAYS), delivered, NEVER),
    )
