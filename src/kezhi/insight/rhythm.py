"""Personal rhythms: everybody's is fitted with the run and kept, a customer's next purchase follows at once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.special import stdtrit

from kezhi.insight.figures.basis import Basis
from kezhi.insight.figures.keeping import store, stored
from kezhi.ledger.models import OrderLine
from kezhi.value.lifetime.rhythm import (
    Rhythm,
    fit_rhythm,
    intervals_between,
    next_purchase,
)
from kezhi.value.potential.fitting import CannotFit
from kezhi.value.reading import EPOCH

logger = logging.getLogger(__name__)

KEY = "rhythm"
INTERVALS_KEY = "intervals"
UNTIL = (7, 14, 30, 60, 90, 180, 365)
LEVEL = 0.8
SAMPLE = 100_000
"""Customers whose intervals tell everybody's rhythm; of more of them every so-manieth is read."""
LONG = 0.95
SILENT_DAYS = 180
"""Silence that counts as a loss where too few customers bought twice to tell a rhythm."""


@dataclass(frozen=True, slots=True)
class NextPurchase:
    """When a customer buys next, if it buys again: more likely than not by `expected_on`; between `low_on` and
    `high_on` with the probability `level`. `usual_days` is the own rhythm, `own` how much of it is the
    customer's own rather than everybody's."""

    usual_days: float
    own: float
    low_on: date
    expected_on: date
    high_on: date
    overdue: float
    level: float


@dataclass(frozen=True, slots=True)
class Intervals:
    """How many days lie between purchases, over all customers or every so-manieth of very many: intervals of
    at most `UNTIL[k]` days and more than the bound before, the last without bound; and the quartiles."""

    counts: tuple[int, ...]
    quarter: float
    median: float
    three_quarters: float

    @property
    def whole(self) -> int:
        return sum(self.counts)


def find_rhythm_and_intervals(lines: pa.Table) -> tuple[Rhythm | None, Intervals | None]:
    """By the lines of a run, which are gone through once."""
    codes, days, known = _bought(lines)
    return _rhythm(codes, days, known), _intervals(codes, days)


def _intervals(codes: NDArray[np.int64], days: NDArray[np.int32]) -> Intervals | None:
    """None where nobody bought twice."""
    found = intervals_between(codes, days)
    if not len(found):
        return None
    counts = np.bincount(np.searchsorted(UNTIL, found, side="left"), minlength=len(UNTIL) + 1)
    quarter, median, three_quarters = np.quantile(found, [0.25, 0.5, 0.75]).tolist()
    return Intervals(tuple(counts.tolist()), quarter, median, three_quarters)


def keep_intervals(basis: Basis, found: Intervals | None) -> None:
    """In the transaction that publishes the run."""
    if found is not None:
        store(basis, INTERVALS_KEY, found)


def kept_intervals(basis: Basis) -> Intervals | None:
    """Those of the run; None where nobody bought twice, or the run is from before they were kept."""
    found: Intervals | None = stored(basis, INTERVALS_KEY, Intervals)
    return found


def _rhythm(codes: NDArray[np.int64], days: NDArray[np.int32], known: int) -> Rhythm | None:
    """Everybody's rhythm; None where too few customers bought twice."""
    try:
        return fit_rhythm(codes, days, customers=known)
    except CannotFit as reason:
        logger.info("No rhythm of everybody: %s", reason)
        return None


def _bought(lines: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int32], int]:
    """Purchases by code of the customer and day, and how many customers are read."""
    customers = np.asarray(lines["customer"].to_numpy(), dtype=np.int64)
    bought = np.asarray(lines["amount"].to_numpy(), dtype=np.float64) > 0
    known = np.sort(pc.unique(lines["customer"]).to_numpy())
    if len(known) > SAMPLE:
        known = known[:: -(-len(known) // SAMPLE)]
        is_read = pc.is_in(lines["customer"], value_set=pa.array(known))
        bought &= np.asarray(is_read.to_numpy(), dtype=np.bool_)
    codes = np.searchsorted(known, customers[bought])
    days = lines["day"].cast(pa.int32()).to_numpy()[bought]
    return codes, days, len(known)


def keep_rhythm(basis: Basis, found: Rhythm | None) -> None:
    """Everybody's rhythm at the run, for the pages."""
    if found is not None:
        store(basis, KEY, found)


def kept_rhythm(basis: Basis) -> Rhythm | None:
    """Everybody's rhythm at the run; None where it couldn't be told."""
    found: Rhythm | None = stored(basis, KEY, Rhythm)
    return found


def silent_days(rhythm: Rhythm | None) -> int:
    """A silence longer than 95 % of all intervals between purchases."""
    if rhythm is None:
        return SILENT_DAYS
    spread = float(np.sqrt(rhythm.within + rhythm.between))
    return max(1, round(float(np.exp(rhythm.mean + spread * stdtrit(rhythm.strength, LONG)))))


def next_purchases(
    customer_ids: Sequence[int], rhythm: Rhythm | None, *, as_of: date
) -> dict[int, NextPurchase]:
    """Of the customers shown, by customer; who never bought isn't in it. One query."""
    if rhythm is None or not customer_ids:
        return {}
    bought = (
        OrderLine.objects.filter(customer_id__in=customer_ids, ordered_on__lte=as_of, amount__gt=0)
        .values_list("customer_id", "ordered_on")
        .distinct()
    )
    rows = list(bought.order_by("customer_id", "ordered_on"))
    if not rows:
        return {}
    known, codes = np.unique([customer for customer, _day in rows], return_inverse=True)
    days = np.array([(day - EPOCH).days for _customer, day in rows], dtype=np.int64)
    found = next_purchase(
        rhythm, codes, days, customers=len(known), as_of=(as_of - EPOCH).days, level=LEVEL
    )
    return {
        int(customer): NextPurchase(
            usual_days=float(found.usual_days[place]),
            own=float(found.weight[place]),
            low_on=_day(found.low[place]),
            expected_on=_day(found.expected_on[place]),
            high_on=_day(found.high[place]),
            overdue=float(found.overdue[place]),
            level=LEVEL,
        )
        for place, customer in enumerate(known)
    }


LAST_DAY = (date(2200, 1, 1) - EPOCH).days


def _day(day: float) -> date:
    """The calendar day; a silence so long that the next purchase lies beyond this century and the next is
    told as the first day after them."""
    return EPOCH + timedelta(days=int(min(np.ceil(day), LAST_DAY)))
