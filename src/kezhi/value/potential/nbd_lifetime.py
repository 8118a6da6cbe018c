"""What NBD, Pareto/NBD and GGom/NBD have in common: purchases at random during a hidden lifetime.

While alive a customer buys at a rate λ ~ Gamma(r, α); the lifetime since the first purchase has the
survival function S and the density f, which don't depend on λ. The models differ in S alone:

    L = Γ(r+x)/Γ(r) αʳ · [ (α+T)^−(r+x) S(T) + ∫ from t_x to T of (α+u)^−(r+x) f(u) du ]

Given alive at T, λ ~ Gamma(r + x, α + T), and the life that is left survives u with S(T+u)/S(T).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, gammaln

from kezhi.value.potential.alike import once_each
from kezhi.value.potential.fitting import Vector
from kezhi.value.potential.nbd_quadrature import LogIntegrand, Rows, log_integral
from kezhi.value.potential.over_time import DIGITS
from kezhi.value.potential.parameters import PositiveParameters

Slopes: TypeAlias = tuple[Vector, ...]
"""First derivatives by each parameter of the lifetime."""
Curved: TypeAlias = Mapping[tuple[int, int], Vector]
"""Second derivatives by pairs of parameters of the lifetime; those left out are 0."""

_STEPS_TO_MEDIAN = 60
_ENDLESS = 1e15  # a time so many times longer than the past is for ever
_FOREVER = 1e6  # a wait so many times longer than the past: probably never


@dataclass(frozen=True, slots=True)
class LifetimeNBD(PositiveParameters, ABC):
    """The parameters; every method takes arrays and broadcasts them."""

    name: ClassVar[str]
    names: ClassVar[tuple[str, ...]]
    states: ClassVar[int] = 1

    r: float
    alpha: float

    @property
    def time_scale(self) -> float:
        """Everything is smooth in log(time_scale + age)."""
        return self.alpha

    @abstractmethod
    def log_survival(self, t: Vector) -> Vector:
        """log S(t)."""

    @abstractmethod
    def log_density(self, t: Vector) -> Vector:
        """log f(t) of the moment of leaving."""

    @abstractmethod
    def variation(self, low: Vector, high: Vector) -> Vector:
        """A bound for how much log f varies between two ages; log S varies less."""

    @abstractmethod
    def life_left(self, T: ArrayLike, t: ArrayLike) -> Vector:
        """Time that somebody alive at T lives within the coming t, on average."""

    @abstractmethod
    def draw_life_left(self, rng: np.random.Generator, T: Vector) -> Vector:
        """A draw of the life left of each customer alive at T."""

    @abstractmethod
    def survival_slopes(self, t: Vector) -> tuple[Slopes, Curved]:
        """Derivatives of log S by the parameters of the lifetime, in their order."""

    @abstractmethod
    def density_slopes(self, t: Vector) -> tuple[Slopes, Curved]:
        """Derivatives of log f by the parameters of the lifetime, in their order."""

    def log_likelihood(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Log-likelihood of each customer."""
        (x, t_x, T), shape, index = once_each(x, t_x, T)
        alive, gone = self._alive_and_gone(x, t_x, T)
        start = gammaln(self.r + x) - gammaln(self.r) + self.r * np.log(self.alpha)
        return np.asarray((start + np.logaddexp(alive, gone))[index].reshape(shape))

    def _alive_and_gone(self, x: Vector, t_x: Vector, T: Vector) -> tuple[Vector, Vector]:
        """Logs of both terms in the brackets of the likelihood."""
        R = self.r + x

        def leaves(u: Vector, rows: Rows) -> Vector:
            return np.asarray(self.log_density(u) - R[rows, None] * np.log(self.alpha + u))

        varies = R * np.log1p((T - t_x) / (self.alpha + t_x)) + self.variation(t_x, T)
        gone = log_integral(leaves, t_x, T, np.full_like(T, self.time_scale), varies)
        return self.log_survival(T) - R * np.log(self.alpha + T), gone

    def p_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Probability that the customer is still one, at age T."""
        return expit(-self._log_odds_gone(x, t_x, T))

    def _log_odds_gone(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        (x, t_x, T), shape, index = once_each(x, t_x, T)
        alive, gone = self._alive_and_gone(x, t_x, T)
        return np.asarray((gone - alive)[index].reshape(shape))

    def p_states(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Probabilities to be alive and in each state, of which there is one."""
        return self.p_alive(x, t_x, T)[None]

    def p_purchase(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """Probability of at least one purchase within the coming time t."""
        return self.p_at_least(1, x, t_x, T, t)

    def p_at_least(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Probability of n or more purchases within the coming time t."""
        n = np.asarray(n, dtype=np.float64)
        reached = self._p_arrival(np.maximum(n, 1), x, T, t)
        return np.where(n > 0, self.p_alive(x, t_x, T) * reached, 1.0)

    def _p_arrival(self, n: ArrayLike, x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """Probability that the n-th purchase from now comes within t, given alive now."""
        (n, x, T, t), shape, index = once_each(n, x, T, t)
        R, A = self.r + x, self.alpha + T
        t = np.minimum(t, _ENDLESS * A)
        start = gammaln(R + n) - gammaln(R) - gammaln(n) - np.log(A)

        def arrives(u: Vector, rows: Rows) -> Vector:
            return np.asarray(
                _times_log(n[rows, None] - 1, u / (A[rows, None] + u))
                - (R[rows, None] + 1) * np.log1p(u / A[rows, None])
                + self._log_survival_from(T[rows, None], u)
            )

        varies = (R + 1) * np.log1p(t / A) + self.variation(T, T + t)
        found = start + self._from_now(arrives, T, t, np.where(n > 1, np.inf, varies))
        return np.asarray(np.minimum(np.exp(found), 1.0)[index].reshape(shape))

    def _log_survival_from(self, T: Vector, u: Vector) -> Vector:
        return np.asarray(self.log_survival(T + u) - self.log_survival(T))

    def _from_now(self, integrand: LogIntegrand, T: Vector, t: Vector, variation: Vector) -> Vector:
        return log_integral(integrand, np.zeros_like(t), t, self.time_scale + T, variation)

    def p_count(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Probability of exactly n purchases within the coming time t."""
        return np.asarray(np.exp(self.log_p_count(n, x, t_x, T, t)))

    def log_p_count(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Log of the probability of exactly n purchases within the coming time t."""
        odds = self._log_odds_gone(x, t_x, T)
        bought = self._log_p_count_if_alive(n, x, T, t) - np.logaddexp(0.0, odds)
        with np.errstate(divide="ignore"):
            none = np.where(np.asarray(n) > 0, -np.inf, -np.logaddexp(0.0, -odds))
        return np.asarray(np.logaddexp(bought, none))

    def _log_p_count_if_alive(
        self, n: ArrayLike, x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Alive until the end with n purchases, or gone on the way after n."""
        (n, x, T, t), shape, index = once_each(n, x, T, t)
        R, A = self.r + x, self.alpha + T
        t = np.minimum(t, _ENDLESS * A)
        start = gammaln(R + n) - gammaln(R) - gammaln(n + 1)
        stays = _times_log(n, t / (A + t)) - R * np.log1p(t / A) + self._log_survival_from(T, t)
        gone = self._log_gone_with(n, R, T, t)
        return np.asarray((start + np.logaddexp(stays, gone))[index].reshape(shape))

    def _log_gone_with(self, n: Vector, R: Vector, T: Vector, t: Vector) -> Vector:
        A = self.alpha + T

        def leaves(u: Vector, rows: Rows) -> Vector:
            a = A[rows, None]
            return np.asarray(
                _times_log(n[rows, None], u / (a + u))
                - R[rows, None] * np.log1p(u / a)
                + (self.log_density(T[rows, None] + u) - self.log_survival(T[rows, None]))
            )

        varies = R * np.log1p(t / A) + self.variation(T, T + t)
        return self._from_now(leaves, T, t, np.where(n > 0, np.inf, varies))

    def expected_purchases(
        self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """E[Y(t)]: purchases expected within the coming time t."""
        return np.asarray(self.p_alive(x, t_x, T) * self.expected_if_alive(x, T, t))

    def expected_if_alive(self, x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """Purchases expected within the coming time t, given that the customer is alive."""
        rate = (self.r + np.asarray(x, dtype=np.float64)) / (self.alpha + np.asarray(T))
        return np.asarray(rate * self.life_left(T, t))

    def expected_in_state(self, state: int, x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """The same by state."""
        return self.expected_if_alive(x, T, t)

    def sum_in_state(
        self,
        state: int,
        x: Vector,
        T: Vector,
        times: Vector,
        weights: Vector,
        digits: float = DIGITS,
    ) -> Vector:
        """Σ_k weights_k · E[Y(times_k)] given alive, for each x and T."""
        ages, age = np.unique(T, return_inverse=True)
        lives = np.array([float(self.life_left(own, times) @ weights) for own in ages])
        return np.asarray((self.r + x) / (self.alpha + T) * lives[age])

    def alive_sum_in_state(
        self, state: int, x: Vector, T: Vector, times: Vector, weights: Vector
    ) -> Vector:
        """Σ_k weights_k · P(alive after times_k) given alive now, for each x and T."""
        ages, age = np.unique(T, return_inverse=True)
        lives = np.exp(self._log_survival_from(ages[:, None], times)) @ weights
        return np.asarray(lives[age])

    def p_still_alive(self, x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """Probability to be alive after the coming time t, given that the customer is alive now."""
        x, T, t = np.broadcast_arrays(*(np.asarray(own, dtype=np.float64) for own in (x, T, t)))
        return np.exp(self._log_survival_from(T, t))

    def expected_of_new(self, t: ArrayLike) -> Vector:
        """E[X(t)]: repeat purchases of a customer within a time t of the first purchase."""
        return self.expected_if_alive(0.0, 0.0, t)

    def p_count_of_new(self, n: ArrayLike, t: ArrayLike) -> Vector:
        """P(X(t) = n): n repeat purchases within a time t of the first purchase."""
        return np.exp(self._log_p_count_if_alive(n, 0.0, 0.0, t))

    def median_wait(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Time until which the next purchase has come, more likely than not; infinite: never.

        The chance of a purchase rises ever more slowly, so Newton's steps never go too far.
        """
        (x, t_x, T), shape, index = once_each(x, t_x, T)
        p = self.p_alive(x, t_x, T)
        wait = np.full(len(p), np.inf)
        going: NDArray[np.intp] = np.flatnonzero(p > 0.5)
        A, R, goal = self.alpha + T, self.r + x, 0.5 / np.maximum(p, 0.5)
        with np.errstate(divide="ignore", over="ignore"):
            wait[going] = (A * np.expm1(-np.log1p(-goal) / R))[going]  # if nobody left
        going = going[wait[going] < _FOREVER * A[going]]
        wait[p > 0.5] = np.where(wait[p > 0.5] < _FOREVER * A[p > 0.5], wait[p > 0.5], np.inf)
        for _ in range(_STEPS_TO_MEDIAN):
            if len(going) == 0:
                break
            now = wait[going]
            missing = goal[going] - self._p_arrival(1, x[going], T[going], now)
            density = np.exp(
                np.log(R[going] / A[going])
                - (R[going] + 1) * np.log1p(now / A[going])
                + self._log_survival_from(T[going], now)
            )
            step = np.divide(missing, density, out=np.full_like(now, np.inf), where=density > 0)
            wait[going] = now + np.maximum(step, 0.0)
            endless = wait[going] > _FOREVER * A[going]
            wait[going[endless]] = np.inf
            going = going[~endless & (step > 1e-10 * now)]
        return np.asarray(wait[index].reshape(shape))

    def draw_counts(
        self, rng: np.random.Generator, x: Vector, T: Vector, silent: Vector, t: float, draws: int
    ) -> NDArray[np.int64]:
        """Draws (customers × draws) of the purchases within t of customers who are alive."""
        shape = (len(x), draws)
        rate = rng.gamma(np.broadcast_to(self.r + x[:, None], shape)) / (self.alpha + T[:, None])
        life = self.draw_life_left(rng, np.broadcast_to(T[:, None], shape))
        return np.asarray(rng.poisson(rate * np.minimum(life, t)))


def _times_log(n: Vector, share: Vector) -> Vector:
    """n · log(share), 0 where n is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(n > 0, n * np.log(share), 0.0)
