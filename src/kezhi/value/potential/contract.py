"""Contracts: how many renew. sBG (Fader & Hardie 2007) and BdW (Fader, Hardie, Liu, Davin &
Steenburgh 2018).

A contract is renewed or ended at the end of each period. Every customer has an own probability
θ ~ Beta(α, β) to end it; in BdW it changes with time as c says: above 1 it grows with the time
under contract, below 1 it falls, 1 is sBG. The survival in period t is

    S(t) = B(α, β + t^c)/B(α, β).

Retention rises over time even where nobody becomes more loyal: those who leave easily have left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from kezhi.value.potential.fitting import Vector
from kezhi.value.potential.gamma_ratios import discounted_sum, log_gamma_ratio
from kezhi.value.potential.nbd_quadrature import gauss

_EACH = 512  # periods summed one by one; the rest, which is smooth, by an integral
_ENOUGH = 40.0  # e^-40 of a period counts nothing
_PANELS, _NODES = 12, 24


class Contract:
    """What both models answer. Times t count renewals: S(0) = 1, S(1) has renewed once."""

    __slots__ = ()

    name: ClassVar[str]
    alpha: float
    beta: float

    @property
    def names(self) -> tuple[str, ...]:
        """The estimated parameters, in the order of their covariance."""
        raise NotImplementedError

    @property
    def shape(self) -> float:
        """The exponent c of time."""
        raise NotImplementedError

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in self.names}

    def log_survival(self, t: ArrayLike) -> Vector:
        """log S(t)."""
        risen = np.power(_times(t), self.shape)
        whole, part = self.alpha + self.beta, self.beta
        if self.alpha < 1:  # Γ(β + u)/Γ(α + β + u), exact for small α, too
            return np.asarray(
                log_gamma_ratio(part, self.alpha) - log_gamma_ratio(part + risen, self.alpha)
            )
        return np.asarray(log_gamma_ratio(part, risen) - log_gamma_ratio(whole, risen))

    def survival(self, t: ArrayLike) -> Vector:
        """S(t): the share of customers who are there after t renewals."""
        return np.asarray(np.exp(self.log_survival(t)))

    def p_end(self, t: ArrayLike) -> Vector:
        """Probability that the contract ends at its t-th renewal, t ≥ 1."""
        t = _times(t)
        if (t < 1).any():
            raise ValueError("the first renewal is number 1")
        before = self.log_survival(t - 1)
        return np.asarray(np.exp(before) * -np.expm1(self.log_survival(t) - before))

    def retention(self, t: ArrayLike) -> Vector:
        """Share of those there after t − 1 renewals who renew the t-th time."""
        t = _times(t)
        if (t < 1).any():
            raise ValueError("the first renewal is number 1")
        return np.asarray(np.exp(self.log_survival(t) - self.log_survival(t - 1)))

    def renewal(self, t: ArrayLike, ahead: ArrayLike) -> Vector:
        """Probability of `ahead` further renewals, of a customer who has renewed t times."""
        t, ahead = _times(t), _times(ahead)
        return np.asarray(np.exp(self.log_survival(t + ahead) - self.log_survival(t)))

    def expected_renewals(self, t: ArrayLike, within: int) -> Vector:
        """Renewals expected among the next `within`, of a customer who has renewed t times."""
        if not within >= 0 or within != int(within):
            raise ValueError("the renewals ahead count: they must be whole and not negative")
        ahead = np.arange(1, int(within) + 1)
        return np.asarray(self.renewal(np.asarray(t)[..., None], ahead).sum(axis=-1))

    def del_(self, annual_rate: float, *, periods_per_year: float = 1.0) -> float:
        """DEL: discounted expected lifetime of a new customer in periods, the first one paid now.

        Σ_{t≥0} S(t)·v^t with v = (1 + d)^(−1 ÷ periods per year).
        """
        return float(self._sum(np.zeros(()), 0, self._factor(annual_rate, periods_per_year)))

    def derl(
        self, renewals: ArrayLike, annual_rate: float, *, periods_per_year: float = 1.0
    ) -> Vector:
        """DERL: the discounted rest of the lifetime in periods, just before the coming renewal.

        Of a customer who has renewed so many times (0: is in the first period); the payment of the
        coming renewal is the first one counted, and not discounted. Raises ValueError at a rate of
        0 or below, where the sum need not end.
        """
        return self._sum(_times(renewals), 1, self._factor(annual_rate, periods_per_year))

    def _factor(self, annual_rate: float, periods_per_year: float) -> float:
        if not annual_rate > 0:
            raise ValueError("a lifetime without end needs a discount rate above 0")
        if not periods_per_year > 0:
            raise ValueError("a year has more than 0 periods")
        return float((1 + annual_rate) ** (-1 / periods_per_year))

    def _sum(self, t: Vector, start: int, factor: float) -> Vector:
        """Σ_{k≥0} v^k S(t + start + k)/S(t)."""
        log_factor = np.log(factor)
        held = self.log_survival(t)[..., None]

        def term(k: Vector) -> Vector:
            ahead = self.log_survival(t[..., None] + start + k) - held
            return np.asarray(np.exp(ahead + k * log_factor))

        found = term(np.arange(float(_EACH))).sum(axis=-1)
        if _EACH * -log_factor > _ENOUGH:
            return np.asarray(found)
        # Euler and Maclaurin: the integral, half the first term, a twelfth of the slope.
        nodes, weights = gauss(_NODES)
        reach = np.log(_ENOUGH / -log_factor / _EACH + 1)
        steps = ((np.arange(_PANELS)[:, None] + nodes) / _PANELS).ravel() * reach
        k = _EACH * np.exp(steps)
        weight = np.tile(weights / _PANELS, _PANELS) * reach * k
        first = term(np.array([_EACH - 0.5, _EACH, _EACH + 0.5]))
        slope = first[..., 2] - first[..., 0]
        return np.asarray(found + (term(k) * weight).sum(axis=-1) + first[..., 1] / 2 - slope / 12)


@dataclass(frozen=True, slots=True)
class SBG(Contract):
    """Shifted-beta-geometric: the own probability to leave stays as it is.

    >>> regular = SBG(alpha=0.7041, beta=1.1820)
    >>> regular.survival([1, 4, 12]).round(3)
    array([0.627, 0.332, 0.17 ])
    >>> regular.retention([1, 4, 12]).round(3)
    array([0.627, 0.856, 0.945])
    >>> regular.derl([0, 4], 0.1).round(2)
    array([2.96, 5.89])
    """

    name: ClassVar[str] = "sbg"

    alpha: float
    beta: float

    def __post_init__(self) -> None:
        _positive(self.alpha, self.beta)

    @property
    def names(self) -> tuple[str, ...]:
        """The estimated parameters, in the order of their covariance."""
        return ("alpha", "beta")

    @property
    def shape(self) -> float:
        """Time counts as it is."""
        return 1.0

    def _sum(self, t: Vector, start: int, factor: float) -> Vector:
        stay = self.beta + t + start
        first = self.renewal(t, start)
        return np.asarray(first * discounted_sum(stay, self.alpha, factor))


@dataclass(frozen=True, slots=True)
class BdW(Contract):
    """Beta-discrete-Weibull: the own probability to leave changes with the time under contract.

    >>> BdW(alpha=0.7041, beta=1.1820, c=1.0).derl([0, 4], 0.1).round(2)
    array([2.96, 5.89])
    >>> BdW(alpha=0.5, beta=1.0, c=1.5).retention([1, 2, 8]).round(3)
    array([0.667, 0.702, 0.908])
    """

    name: ClassVar[str] = "bdw"

    alpha: float
    beta: float
    c: float

    def __post_init__(self) -> None:
        _positive(self.alpha, self.beta, self.c)

    @property
    def names(self) -> tuple[str, ...]:
        """The estimated parameters, in the order of their covariance."""
        return ("alpha", "beta", "c")

    @property
    def shape(self) -> float:
        """The exponent of time."""
        return self.c


def _positive(*parameters: float) -> None:
    if not all(0 < own < np.inf for own in parameters):
        raise ValueError("every parameter must be positive")


def _times(t: ArrayLike) -> Vector:
    found = np.asarray(t, dtype=np.float64)
    if (found < 0).any():
        raise ValueError("times count renewals: they aren't negative")
    return found
