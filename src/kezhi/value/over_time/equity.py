"""Customer equity: the potential value of the present customers, and of those yet to be won.

Blattberg & Deighton 1996; Rust, Lemon & Zeithaml 2004. The asset is the first figure; the second is
stated beside it and only where acquisition is expected to go on as stated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.durations import DAYS, DAYS_PER_YEAR

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What is expected to be won: customers a month for `months`, what one costs, and what a new one
    is worth on the day it comes."""

    per_month: float
    cost: float
    value_of_new: float
    months: int

    def __post_init__(self) -> None:
        if self.per_month < 0 or self.months < 0:
            raise ValueError("acquisition can't be negative")


@dataclass(frozen=True, slots=True)
class Equity:
    """Money. `present` = Σ potential of `customers`; `acquired` that of `new` customers to be won, after
    their cost; `static` is present alone, `with_acquisition` both."""

    customers: int
    present: float
    new: float
    acquired: float

    @property
    def static(self) -> float:
        """The customer asset."""
        return self.present

    @property
    def with_acquisition(self) -> float:
        """The asset and what is expected to be won."""
        return self.present + self.acquired


def customer_equity(
    potential: ArrayLike, *, acquisition: Acquisition | None = None, annual_rate: float = 0.10
) -> Equity:
    """Equity from each customer's potential value (NaN: not a customer).

    Who comes in a month comes at its middle and is discounted from there.

    >>> found = customer_equity([100, 50, np.nan], acquisition=Acquisition(10, 20, 50, 12), annual_rate=0)
    >>> found.static, found.acquired, found.with_acquisition
    (150.0, 3600.0, 3750.0)
    """
    values = np.asarray(potential, dtype=np.float64)
    known = values[np.isfinite(values)]
    new = acquired = 0.0
    if acquisition is not None:
        years = (np.arange(acquisition.months) + 0.5) * DAYS["month"] / DAYS_PER_YEAR
        present = float(((1 + annual_rate) ** -years).sum())
        new = acquisition.per_month * acquisition.months
        acquired = acquisition.per_month * present * (acquisition.value_of_new - acquisition.cost)
    return Equity(len(known), float(known.sum()), new, acquired)
