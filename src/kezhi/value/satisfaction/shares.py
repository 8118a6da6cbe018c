"""Shares of respondents and what two of them differ by (CSAT, top boxes, promises kept)."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Share:
    """A share of `count` respondents (0 … 1) with its interval."""

    share: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure less another, with its interval; `is_clear` where the interval leaves out 0."""

    difference: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        return self.low > 0 or self.high < 0


def z_of(level: float) -> float:
    """How many standard errors an interval of this coverage reaches to each side.

    >>> round(z_of(0.95), 4)
    1.96
    """
    if not 0 < level < 1:
        raise ValueError("the coverage of an interval lies between 0 and 1")
    return NormalDist().inv_cdf((1 + level) / 2)


def share(hits: int, count: int, *, level: float = 0.80) -> Share:
    """The share of `hits` with Wilson's interval (1927): honest for few respondents and at 0 and 1.

    >>> found = share(81, 263, level=0.95)
    >>> round(found.low, 4), round(found.high, 4)
    (0.2553, 0.3662)
    """
    if count < 1 or not 0 <= hits <= count:
        raise ValueError("a share is of one respondent at least, and of no more than there are")
    p, z2 = hits / count, z_of(level) ** 2
    middle = (p + z2 / (2 * count)) / (1 + z2 / count)
    reach = (z2 * (p * (1 - p) / count + z2 / (4 * count**2))) ** 0.5 / (1 + z2 / count)
    return Share(p, max(0.0, middle - reach), min(1.0, middle + reach), count)


def difference_of_shares(one: Share, other: Share) -> Difference:
    """`one` less `other`, of different respondents (Newcombe 1998, method 10). Both at the same level.

    >>> found = difference_of_shares(share(56, 70, level=0.95), share(48, 80, level=0.95))
    >>> round(found.low, 4), round(found.high, 4)
    (0.0524, 0.3339)
    """
    apart = one.share - other.share
    down = ((one.share - one.low) ** 2 + (other.high - other.share) ** 2) ** 0.5
    up = ((one.high - one.share) ** 2 + (other.share - other.low) ** 2) ** 0.5
    return Difference(apart, apart - down, apart + up)
