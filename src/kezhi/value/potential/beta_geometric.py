"""What BG/NBD and MBG/NBD have in common.

While alive a customer buys at a rate λ ~ Gamma(r, α); after a purchase the customer leaves with
probability p ~ Beta(a, b). The two models differ in one thing: MBG/NBD lets a customer leave right
after the first purchase, too. With `shift` 0 (BG) or 1 (MBG) every formula is the same, b + x being
b + x + shift. x repeat purchases, the last at t_x, in an age of T, all in one unit of time.

Given that the customer is alive, λ ~ Gamma(r + x, α + T) and p ~ Beta(a, b + x + shift).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln, expit, gammaln

from kezhi.value.potential.alike import distinct_times, ranked
from kezhi.value.potential.dropout import mean_purchases, p_stay
from kezhi.value.potential.fitting import Vector
from kezhi.value.potential.over_time import DIGITS, Time
from kezhi.value.potential.parameters import PositiveParameters

PARAMETERS = ("r", "alpha", "a", "b")


@dataclass(frozen=True, slots=True)
class BetaGeometric(PositiveParameters):
    """The parameters; every method takes arrays and broadcasts them."""

    name: ClassVar[str]
    names: ClassVar[tuple[str, ...]] = PARAMETERS
    states: ClassVar[int] = 1
    shift: ClassVar[int]

    r: float
    alpha: float
    a: float
    b: float

    @property
    def time_scale(self) -> float:
        """Everything is smooth in log(time_scale + age)."""
        return self.alpha

    def p_states(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Probabilities to be alive and in each state, of which there is one."""
        return self.p_alive(x, t_x, T)[None]

    def p_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Probability that the customer is still one, at age T."""
        return expit(-self._log_odds_gone(x, t_x, T))

    def _log_odds_gone(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        # In log odds: the power overflows for a customer with hundreds of orders.
        x, t_x, T = _floats(x, t_x, T)
        left = self.b + self.shift + x - 1
        elapsed = np.log1p((T - t_x) / (self.alpha + t_x))
        odds = np.log(self.a / np.where(x + self.shift > 0, left, 1.0)) + (self.r + x) * elapsed
        return np.where(x + self.shift > 0, odds, -np.inf)

    def p_purchase(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """Probability of at least one purchase within the coming time t."""
        x, T, t = _floats(x, T, t)
        buys = -np.expm1(-(self.r + x) * np.log1p(t / (self.alpha + T)))
        return np.asarray(self.p_alive(x, t_x, T) * buys)

    def p_at_least(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Probability of n or more purchases within the coming time t."""
        n, x, T, t = _floats(n, x, T, t)
        some = np.maximum(n, 1)
        B = self.b + x + self.shift
        stays = np.exp(betaln(self.a, B + some - 1) - betaln(self.a, B))
        reaches = betainc(some, self.r + x, t / (self.alpha + T + t))
        return np.where(n > 0, self.p_alive(x, t_x, T) * stays * reaches, 1.0)

    def p_count(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Probability of exactly n purchases within the coming time t."""
        return np.asarray(np.exp(self.log_p_count(n, x, t_x, T, t)))

    def log_p_count(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Log of the probability of exactly n purchases within the coming time t."""
        n, x, T, t = _floats(n, x, T, t)
        B, R, w = self.b + x + self.shift, self.r + x, t / (self.alpha + T + t)
        some = np.maximum(n, 1)
        with np.errstate(divide="ignore"):
            # Alive after n purchases, or gone right after the n-th: two terms, no difference.
            exactly = gammaln(R + n) - gammaln(R) - gammaln(n + 1) + R * np.log1p(-w) + _xlogy(n, w)
            alive = betaln(self.a, B + n) - betaln(self.a, B) + exactly
            gone = (
                betaln(self.a + 1, B + some - 1) - betaln(self.a, B) + np.log(betainc(some, R, w))
            )
            odds = self._log_odds_gone(x, t_x, T)
            bought = np.logaddexp(alive, np.where(n > 0, gone, -np.inf)) - np.logaddexp(0.0, odds)
            left = np.where(n > 0, -np.inf, -np.logaddexp(0.0, -odds))
            return np.asarray(np.logaddexp(bought, left))

    def expected_purchases(
        self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """E[Y(t)]: purchases expected within the coming time t."""
        return np.asarray(self.p_alive(x, t_x, T) * self.expected_if_alive(x, T, t))

    def expected_if_alive(self, x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """Purchases expected within the coming time t, given that the customer is alive."""
        x, T, t = _floats(x, T, t)
        if x.ndim == T.ndim == 1 and t.ndim == 0 and len(x) == len(T) > _MANY:
            x, T, index = _alike(x, T)
            return self._if_alive(x, T, np.broadcast_to(t, x.shape))[index]
        return self._if_alive(*np.broadcast_arrays(x, T, t))

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
        return Time.over(self.alpha + T, float(times[-1]), digits).weighted_sum(
            lambda t: self.expected_if_alive(x[:, None], T[:, None], t), times, weights
        )

    def alive_sum_in_state(
        self, state: int, x: Vector, T: Vector, times: Vector, weights: Vector
    ) -> Vector:
        """Σ_k weights_k · P(alive after times_k) given alive now, for each x and T."""
        return Time.over(self.alpha + T, float(times[-1])).weighted_sum(
            lambda t: self.p_still_alive(x[:, None], T[:, None], t), times, weights
        )

    def draw_counts(
        self, rng: np.random.Generator, x: Vector, T: Vector, silent: Vector, t: float, draws: int
    ) -> NDArray[np.int64]:
        """Draws (customers × draws) of the purchases within t of customers who are alive."""
        shape = (len(x), draws)
        x, T = x[:, None], T[:, None]
        rate = rng.gamma(np.broadcast_to(self.r + x, shape)) * (t / (self.alpha + T))
        leaves = rng.beta(self.a, np.broadcast_to(self.b + x + self.shift, shape))
        # Purchases end with the horizon or with the one after which the customer leaves.
        last = np.ceil(
            rng.standard_exponential(shape) / -np.log1p(-np.clip(leaves, 1e-12, 1 - 1e-12))
        )
        return np.asarray(np.minimum(rng.poisson(rate), np.maximum(last, 1)).astype(np.int64))

    def _if_alive(self, x: Vector, T: Vector, t: Vector) -> Vector:
        shape = x.shape
        R, B, y = self._dropout_terms(x, T, t)
        return mean_purchases(R, self.a, B, y).reshape(shape)

    def _dropout_terms(self, x: Vector, T: Vector, t: Vector) -> tuple[Vector, Vector, Vector]:
        R, B = self.r + x.ravel(), self.b + x.ravel() + self.shift
        return R, B, (t / (self.alpha + T)).ravel()

    def p_still_alive(self, x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """Probability to be alive after the coming time t, given that the customer is alive now."""
        x, T, t = np.broadcast_arrays(*_floats(x, T, t))
        R, B, y = self._dropout_terms(x, T, t)
        return p_stay(R, self.a, B, y).reshape(x.shape)

    def expected_of_new(self, t: ArrayLike) -> Vector:
        """E[X(t)]: repeat purchases of a customer within a time t of the first purchase."""
        return self.expected_purchases(0.0, 0.0, 0.0, t)

    def p_count_of_new(self, n: ArrayLike, t: ArrayLike) -> Vector:
        """P(X(t) = n): n repeat purchases within a time t of the first purchase."""
        return self.p_count(n, 0.0, 0.0, 0.0, t)

    def median_wait(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Time until which the next purchase has come, more likely than not; infinite: never."""
        x, T = _floats(x, T)
        p = self.p_alive(x, t_x, T)
        with np.errstate(divide="ignore", over="ignore"):
            silent = np.where(p > 0.5, 1 - 0.5 / np.maximum(p, 0.5), 0.0)
            wait = (self.alpha + T) * np.expm1(-np.log(silent) / (self.r + x))
        return np.where(p > 0.5, wait, np.inf)

    def log_likelihood(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Log-likelihood of each customer."""
        x, t_x, T = _floats(x, t_x, T)
        return np.asarray(
            gammaln(self.r + x)
            - gammaln(self.r)
            + self.r * np.log(self.alpha)
            - (self.r + x) * np.log(self.alpha + T)
            + betaln(self.a, self.b + x + self.shift)
            - betaln(self.a, self.b)
            + np.logaddexp(0.0, self._log_odds_gone(x, t_x, T))
        )


_MANY = 2_000  # customers, from which on those with equal x and T are computed once


def _alike(x: Vector, T: Vector) -> tuple[Vector, Vector, NDArray[np.intp]]:
    """Distinct pairs of x and T, and which of them each customer has."""
    ages, age = distinct_times(T)
    counts, count = distinct_times(x)
    age *= len(counts)
    age += count
    found, place = ranked(age)
    return counts[found % len(counts)], ages[found // len(counts)], place


def _floats(*arrays: ArrayLike) -> tuple[Vector, ...]:
    return tuple(np.asarray(array, dtype=np.float64) for array in arrays)


def _xlogy(n: Vector, w: Vector) -> Vector:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(n > 0, n * np.log(w), 0.0)
