"""What a customer who stays brings in each year of being one, split in six; each value run keeps its own.

What winning a customer costs is read when the page is, so that an entry shows at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kezhi.insight.bonds import NOT_SAID
from kezhi.insight.facts import Ledger
from kezhi.insight.figures.basis import Basis
from kezhi.insight.figures.keeping import store, stored
from kezhi.insight.paying_back import costs_of, margins_of, together
from kezhi.ledger.models import CostEntry
from kezhi.value.durations import DAYS
from kezhi.value.economics.tenure import TenureYear, profit_by_tenure
from kezhi.value.influence.lineage import Lineage, lineage
from kezhi.value.reading import EPOCH
from kezhi.value.realised import Lines

Days = NDArray[np.int32]

KEY = "profit-by-tenure"
YEARS = 7
LEAST = 5
"""Customers below which a year of tenure would tell of single ones."""
NEVER_BOUGHT = np.iinfo(np.int32).max // 2


@dataclass(frozen=True, slots=True)
class Tenure:
    """Means per customer of those who bought in that year of tenure or later. What the company records
    nothing of isn't measured: its part is 0 in every year, and `has_…` is False."""

    years: tuple[TenureYear, ...]
    has_serving: bool
    has_discounts: bool
    has_referrals: bool

    def with_cost_of_one(self, cost: float | None) -> Tenure:
        """With the cost of winning that a customer who stays saves, from the second year on."""
        saved = [cost or 0.0 if one.year > 1 else 0.0 for one in self.years]
        years = (
            replace(one, saved_acquisition=own) for one, own in zip(self.years, saved, strict=True)
        )
        return replace(self, years=tuple(years))


def tenure(basis: Basis) -> Tenure | None:
    """Over all customers of the company; None for a run from before it was kept."""
    found: Tenure | None = stored(basis, KEY, Tenure)
    return found


def keep_tenure(basis: Basis, found: Tenure) -> None:
    """In the transaction that publishes the run."""
    store(basis, KEY, found)


def find_tenure(ledger: Ledger, as_of: date, margin_rate: float) -> Tenure:
    """From the facts alone, without asking the database."""
    facts = ledger.facts
    if facts.customers is None or not len(facts.customers):
        return Tenure((), has_serving=False, has_discounts=False, has_referrals=False)
    customers = np.asarray(facts.customers.to_numpy(zero_copy_only=False), dtype=np.int64)
    margins, costs = margins_of(ledger, customers, margin_rate), costs_of(ledger, customers)
    first, last = _bought(ledger, customers)
    discounts = costs_of(ledger, customers, _is_discount)
    serving = costs_of(ledger, customers, lambda table: pc.invert(_is_discount(table)))
    referrals = _referrals(ledger, as_of, customers, first, together(margins, costs))
    years = profit_by_tenure(
        first,
        margins,
        as_of=(as_of - EPOCH).days,
        discounts=_positive(discounts),
        serving=_positive(serving),
        referrals=referrals,
        years=YEARS,
        last_day=last,
    )
    return Tenure(
        tuple(one for one in years if one.customers >= LEAST),
        has_serving=bool(len(serving.codes)),
        has_discounts=bool(len(discounts.codes)),
        has_referrals=bool(len(referrals.codes)),
    )


def _bought(ledger: Ledger, customers: NDArray[np.int64]) -> tuple[Days, Days]:
    """The days of the first and the last purchase; far ahead for who never bought."""
    lines = ledger.facts.lines
    bought = lines.filter(pc.greater(lines["amount"], 0.0))
    ids = bought["customer"].to_numpy()
    days = bought["day"].cast("int32").to_numpy()
    place = np.minimum(np.searchsorted(customers, ids), len(customers) - 1)
    known = customers[place] == ids
    first = np.full(len(customers), NEVER_BOUGHT, np.int32)
    last = np.zeros(len(customers), np.int32)
    np.minimum.at(first, place[known], days[known])
    np.maximum.at(last, place[known], days[known])
    return first, last


def _is_discount(costs: pa.Table) -> Any:
    return pc.equal(costs["kind"], str(CostEntry.Activity.DISCOUNT))


def _positive(costs: Lines) -> Lines:
    return Lines(costs.codes, costs.days, -costs.amounts)


def _some(lines: Lines, which: NDArray[np.bool_]) -> Lines:
    return Lines(lines.codes[which], lines.days[which], lines.amounts[which])


def _referrals(
    ledger: Ledger, as_of: date, customers: NDArray[np.int64], first: Days, money: Lines
) -> Lines:
    """What those whom a customer referred have brought on its word, by the rules of influence, on the days
    when they brought it."""
    bonds, policy = ledger.bonds.on(as_of), ledger.influence
    ends = [bonds.leader[bonds.refers], bonds.follower[bonds.refers]]
    elder, younger = (
        np.minimum(np.searchsorted(customers, own), len(customers) - 1) for own in ends
    )
    known = (customers[elder] == ends[0]) & (customers[younger] == ends[1])
    since = bonds.since[bonds.refers]
    days = np.where(since == NOT_SAID, first[younger], since)
    known &= days < NEVER_BOUGHT
    tree = lineage(
        elder[known],
        younger[known],
        days[known],
        customers=len(customers),
        weights=bonds.strength[bonds.refers][known].astype(np.float64),
    )
    came = tree.first_day[money.codes]
    after = money.days - came
    counts = (came >= 0) & (after >= 0) & (after < policy.window_months * DAYS["month"])
    brought = _some(money, counts)
    incremental = Lines(brought.codes, brought.days, brought.amounts * (1 - policy.anyway[0]))
    once = np.unique(tree.younger)
    saved = np.full(len(once), policy.saved_acquisition - policy.reward)
    coming = Lines(once.astype(np.int32), tree.first_day[once].astype(np.int32), saved)
    return _to_elders(tree, together(incremental, coming))


def _to_elders(tree: Lineage, lines: Lines) -> Lines:
    """Each line once for everybody who referred its customer, to their share."""
    order = np.argsort(tree.younger, kind="stable")
    begins = np.searchsorted(tree.younger[order], lines.codes, side="left")
    many = np.searchsorted(tree.younger[order], lines.codes, side="right") - begins
    line = np.repeat(np.arange(len(lines.codes)), many)
    within = np.arange(len(line)) - np.repeat(np.cumsum(many) - many, many)
    pair = order[begins[line] + within]
    return Lines(
        tree.elder[pair].astype(np.int32), lines.days[line], lines.amounts[line] * tree.share[pair]
    )
