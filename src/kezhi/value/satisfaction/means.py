"""Means of answers from counts and sums (CES, items, scores), compared between groups; Cronbach's alpha."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kezhi.value.satisfaction.shares import Difference


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its interval; `deviation` is of single answers. Of one respondent there is no interval."""

    mean: float
    low: float | None
    high: float | None
    deviation: float
    count: int


def mean_of(
    count: int,
    total: float,
    squares: float,
    *,
    level: float = 0.80,
    scale: tuple[float, float] | None = None,
) -> Mean:
    """The mean of `count` answers by their sum and sum of squares, with Student's interval (1908).

    On a `scale` the interval ends with it; where all answered alike, it is as wide as one more answer
    at the far end of the scale could make it, not a single point.

    >>> found = mean_of(4, 26.0, 174.0)
    >>> found.mean, round(found.low, 3), round(found.high, 3)
    (6.5, 5.443, 7.557)
    """
    from scipy.special import stdtrit

    if count < 1:
        raise ValueError("a mean is of one answer at least")
    mean = total / count
    if count == 1:
        return Mean(mean, None, None, 0.0, 1)
    variance = max(squares - count * mean * mean, 0.0) / (count - 1)
    reach = float(stdtrit(count - 1, (1 + level) / 2)) * (variance / count) ** 0.5
    low, high = mean - reach, mean + reach
    if scale is not None:
        if variance <= 1e-12:
            low = (total + scale[0]) / (count + 1)
            high = (total + scale[1]) / (count + 1)
        low, high = max(low, scale[0]), min(high, scale[1])
    return Mean(mean, low, high, variance**0.5, count)


def difference_of_means(one: Mean, other: Mean, *, level: float = 0.80) -> Difference:
    """`one` less `other` with Welch's interval (1947); raises ValueError for a single respondent.

    >>> difference_of_means(mean_of(4, 26.0, 174.0), mean_of(4, 10.0, 30.0)).is_clear
    True
    """
    from scipy.special import stdtrit

    if min(one.count, other.count) < 2:
        raise ValueError("a comparison of means needs two respondents in each group")
    first, second = one.deviation**2 / one.count, other.deviation**2 / other.count
    apart, error = one.mean - other.mean, first + second
    if error <= 0:
        return Difference(apart, apart, apart)
    freedom = error**2 / (first**2 / (one.count - 1) + second**2 / (other.count - 1))
    reach = float(stdtrit(freedom, (1 + level) / 2)) * error**0.5
    return Difference(apart, apart - reach, apart + reach)


def cronbach_alpha(answers: ArrayLike) -> float:
    """Cronbach's alpha (1951) of respondents × items: how far the items measure one and the same.

    Respondents with a gap take no part. Raises ValueError for one item, fewer than two respondents,
    or a total that is the same for everybody.

    >>> round(cronbach_alpha([[1, 2], [2, 2], [3, 4], [4, 5]]), 3)
    0.967
    """
    columns = np.asarray(answers, dtype=np.float64)
    if columns.ndim != 2 or columns.shape[1] < 2:
        raise ValueError("reliability is of two items at least")
    columns = columns[np.isfinite(columns).all(axis=1)]
    if len(columns) < 2:
        raise ValueError("reliability needs two respondents who answered every item")
    whole = float(columns.sum(axis=1).var(ddof=1))
    if whole <= 1e-12:
        raise ValueError("the total is the same for everybody")
    count = columns.shape[1]
    return count / (count - 1) * (1 - float(columns.var(axis=0, ddof=1).sum()) / whole)
