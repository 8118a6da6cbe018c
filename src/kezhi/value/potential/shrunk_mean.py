"""The fall-back for spending: the customer's own mean, drawn towards everybody's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from kezhi.value.potential.fitting import Vector


@dataclass(frozen=True, slots=True)
class ShrunkMean:
    """Everybody's mean counts as `occasions` further occasions of the customer.

    >>> ShrunkMean(mean=40.0).expected_spend([0, 3], [0.0, 20.0])
    array([40., 25.])
    """

    name: ClassVar[str] = "shrunk-mean"

    mean: float
    occasions: float = 1.0

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name."""
        return {"mean": self.mean, "occasions": self.occasions}

    @property
    def mean_spend(self) -> float:
        """Mean spend of an occasion over all customers."""
        return self.mean

    def expected_spend(self, x: ArrayLike, m: ArrayLike) -> Vector:
        """Expected spend of one future occasion, from x positive repeat occasions with mean m."""
        x = np.asarray(x, dtype=np.float64)
        spent = np.where(x > 0, x * np.nan_to_num(np.asarray(m, dtype=np.float64)), 0.0)
        return np.asarray((self.occasions * self.mean + spent) / (self.occasions + x))


def fit(x: ArrayLike, m: ArrayLike, *, otherwise: float = 0.0) -> ShrunkMean:
    """The mean of all positive repeat occasions; `otherwise` where there is none.

    >>> fit([1, 3], [10.0, 20.0])
    ShrunkMean(mean=17.5, occasions=1.0)
    """
    x, m = np.asarray(x, dtype=np.float64), np.nan_to_num(np.asarray(m, dtype=np.float64))
    count = float(x[m > 0].sum())
    return ShrunkMean(float((x * m)[m > 0].sum()) / count if count else otherwise)
