"""How often something happens (complaints in a month), and whether it became rarer."""

from __future__ import annotations

from dataclasses import dataclass

from kezhi.value.satisfaction.shares import Difference


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` events over an `exposure` (days, orders) with the interval of their rate."""

    rate: float
    low: float
    high: float
    count: int
    exposure: float


def rate_of(count: int, exposure: float, *, level: float = 0.80) -> Rate:
    """Events per unit of exposure with the exact Poisson interval (Garwood 1936).

    >>> found = rate_of(10, 1.0, level=0.95)
    >>> round(found.low, 3), round(found.high, 3)
    (4.795, 18.39)
    """
    from scipy.special import gammaincinv

    if count < 0 or exposure <= 0:
        raise ValueError("events are counted over some exposure")
    tail = (1 - level) / 2
    low = float(gammaincinv(count, tail)) if count else 0.0
    high = float(gammaincinv(count + 1, 1 - tail))
    return Rate(count / exposure, low / exposure, high / exposure, count, exposure)


def difference_of_rates(one: Rate, other: Rate) -> Difference:
    """`one` less `other`; the two intervals are joined as Zou and Donner (2008) join them.

    >>> difference_of_rates(rate_of(4, 90), rate_of(20, 90)).is_clear
    True
    """
    apart = one.rate - other.rate
    down = ((one.rate - one.low) ** 2 + (other.high - other.rate) ** 2) ** 0.5
    up = ((one.high - one.rate) ** 2 + (other.rate - other.low) ** 2) ** 0.5
    return Difference(apart, apart - down, apart + up)
