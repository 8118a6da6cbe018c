"""Whether spend per purchase goes with how often customers buy, which Gamma-Gamma takes not to be so.

Under the model the log of a mean of x amounts lies at ψ(px) − log(px) above a level of its own, with the
variance ψ'(px) + ψ'(q): means of few amounts lie lower and scatter more, whoever they belong to. What is
left over is regressed on log x, and the slope tested by its large-sample standard error. The parameters are
those of the same customers and take up a part of the slope: the test is careful, it claims too little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, ndtr, polygamma

from kezhi.value.potential.gamma_gamma import GammaGamma

SURE = 0.01
"""Below this p the slope isn't by chance."""
MATERIAL = 0.1
"""From this slope on it matters: twice as many purchases, 7 % more or less for each."""


@dataclass(frozen=True, slots=True)
class Dependence:
    """The spend per purchase goes with purchases to the power of `slope`; `p` is the probability of one so
    far from 0 by chance."""

    slope: float
    standard_error: float
    p: float

    @property
    def matters(self) -> bool:
        """Whether it is neither chance nor small."""
        return self.p < SURE and abs(self.slope) >= MATERIAL


def spend_dependence(model: GammaGamma, x: ArrayLike, m: ArrayLike) -> Dependence | None:
    """Of customers with x ≥ 1 paid repeat purchases of mean m; None where all bought equally often.

    >>> rng = np.random.default_rng(4)
    >>> x = rng.integers(1, 9, 3000)
    >>> m = rng.gamma(6.0 * x) / (6.0 * x) / rng.gamma(3.7, 1 / 15.0, 3000) * 6.0
    >>> model = GammaGamma(6.0, 3.7, 15.0)
    >>> spend_dependence(model, x, m).matters, spend_dependence(model, x, m * x**0.3).matters
    (False, True)
    """
    count, mean = np.asarray(x, dtype=np.float64), np.asarray(m, dtype=np.float64)
    enters = (count > 0) & (mean > 0) & np.isfinite(mean)
    distinct, where = np.unique(count[enters], return_inverse=True)
    if len(distinct) < 2:
        return None
    px = model.p * distinct
    level = digamma(px) - np.log(px)
    weight = (1 / (polygamma(1, px) + polygamma(1, model.q)))[where]
    left = np.log(mean[enters]) - level[where]
    often = np.log(distinct)[where]
    often = often - np.average(often, weights=weight)
    left = left - np.average(left, weights=weight)
    information = float((weight * often**2).sum())
    slope = float((weight * often * left).sum()) / information
    # Robust: the scatter is what it is, not what the model says.
    spread = float(np.sqrt((np.square(weight * often * (left - slope * often))).sum()))
    error = spread / information
    if error <= 0:
        return None
    return Dependence(slope, error, float(2 * ndtr(-abs(slope / error))))
