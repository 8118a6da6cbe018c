"""Customers who buy as BG/NBD or MBG/NBD say and spend as Gamma-Gamma says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kezhi.value.durations import days_in
from kezhi.value.potential.beta_geometric import BetaGeometric
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.reading import EPOCH

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Purchases:
    """One entry per purchase, the first ones included: customer 0 … n − 1, day since 1970-01-01.

    Several purchases of a customer may fall on one day.
    """

    customer: NDArray[np.int64]
    day: NDArray[np.int32]
    amount: NDArray[np.float64]

    def table(self) -> pa.Table:
        """As an Arrow table with columns customer, day, amount."""
        import pyarrow as pa

        return pa.table(
            {
                "customer": pa.array(self.customer),
                "day": pa.array(self.day).cast(pa.date32()),
                "amount": pa.array(self.amount),
            }
        )


def simulate(
    buying: BetaGeometric,
    spending: GammaGamma,
    *,
    customers: int,
    first: date,
    joining_days: int,
    until: date,
    unit: str = "week",
    rng: np.random.Generator,
) -> Purchases:
    """Purchases of customers who join evenly over `joining_days` from `first` on, until `until`.

    The parameters of `buying` count in `unit`; amounts are rounded to cents, at least one cent.

    >>> from kezhi.value.potential.bg_nbd import BGNBD
    >>> found = simulate(BGNBD(0.25, 4.4, 0.8, 2.4), GammaGamma(6.25, 3.74, 15.44), customers=100,
    ...     first=date(2024, 1, 1), joining_days=90, until=date(2024, 12, 31),
    ...     rng=np.random.default_rng(1))
    >>> len(np.unique(found.customer)), found.amount.min() > 0
    (100, np.True_)
    """
    length = days_in(unit)
    start, end = (first - EPOCH).days, (until - EPOCH).days
    joined = start + rng.uniform(0, joining_days, customers)
    rate = rng.gamma(buying.r, 1 / (buying.alpha * length), customers)  # purchases a day
    leaves = rng.beta(buying.a, buying.b, customers)
    scale = rng.gamma(spending.q, 1 / spending.gamma, customers)
    who, when = [np.arange(customers)], [joined]
    live = np.flatnonzero(rng.random(customers) >= leaves) if buying.shift else np.arange(customers)
    now = joined.copy()
    while len(live):
        with np.errstate(divide="ignore", over="ignore"):
            now[live] += rng.standard_exponential(len(live)) / rate[live]
        live = live[now[live] < end + 1]
        who.append(live)
        when.append(now[live])
        live = live[rng.random(len(live)) >= leaves[live]]
    customer = np.concatenate(who)
    day = np.floor(np.concatenate(when)).astype(np.int32)
    amount = np.maximum(np.round(rng.gamma(spending.p, 1 / scale[customer]), 2), 0.01)
    order = np.lexsort((customer, day))  # as orders come in: by day
    return Purchases(customer[order], day[order], amount[order])
