"""MBG/CNBD-k, customers with a rhythm: Platzer & Reutterer (2016), Marketing Science 35.

The time between two purchases takes k hidden steps, each at the rate λ ~ Gamma(r, α): it varies by
1/√k of its mean. k = 1 is MBG/NBD, where purchases come at random. After each purchase, the first
one included, the customer leaves with probability p ~ Beta(a, b).

Given alive, the customer is i = 0 … k − 1 steps into the present interval: the states of this model.
In state i, λ ~ Gamma(r + k·x + i, α + T) and p ~ Beta(a, b + x + 1). What the authors approximate by
scaling BG/NBD is computed exactly here, state by state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln, gammaln, logsumexp

from kezhi.value.potential.alike import once_each
from kezhi.value.potential.fitting import Vector
from kezhi.value.potential.over_time import DIGITS, Time
from kezhi.value.potential.parameters import PositiveParameters
from kezhi.value.potential.regular_counts import Asked, mean_ahead

_ROUNDS = 60
_FOREVER = 1e6  # a wait so many times longer than the past: probably never


@dataclass(frozen=True, slots=True)
class RegularNBD(PositiveParameters):
    """The parameters; every method takes arrays and broadcasts them.

    >>> model = RegularNBD(k=3, r=0.9, alpha=2.5, a=0.8, b=2.5)
    >>> model.p_alive([5, 5], [30.0, 30.0], [32.0, 39.0]).round(3)
    array([0.896, 0.674])
    >>> round(model.variation, 3)
    0.577
    """

    name: ClassVar[str] = "mbg-cnbd-k"
    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")

    k: int
    r: float
    alpha: float
    a: float
    b: float

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"k is {self.k}: it must be 1 or more")
        PositiveParameters.__post_init__(self)

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name, k first."""
        return {name: getattr(self, name) for name in ("k", *self.names)}

    @property
    def variation(self) -> float:
        """How much a customer's intervals vary, as a share of their mean: 1 is at random."""
        return float(self.k**-0.5)

    @property
    def states(self) -> int:
        """In how many states somebody may be who is alive."""
        return self.k

    @property
    def time_scale(self) -> float:
        """Everything is smooth in log(time_scale + age)."""
        return self.alpha

    def _log_states(self, x: Vector, t_x: Vector, T: Vector) -> tuple[Vector, Vector]:
        """Logs of the weights of each state (states × customers) and of being gone."""
        R = self.r + self.k * x
        gone = np.log(self.a / (self.b + x)) + R * np.log1p((T - t_x) / (self.alpha + t_x))
        step = np.arange(self.k)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            silent = np.where(step > 0, step * np.log((T - t_x) / (self.alpha + T)), 0.0)
        return gammaln(R + step) - gammaln(R) - gammaln(step + 1) + silent, gone

    def p_states(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Probabilities (states × customers) of being alive and in each state."""
        (x, t_x, T), shape, index = once_each(x, t_x, T)
        alive, gone = self._log_states(x, t_x, T)
        whole = np.logaddexp(logsumexp(alive, axis=0), gone)
        return np.asarray(np.exp(alive - whole)[:, index].reshape(self.k, *shape))

    def p_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Probability that the customer is still one, at age T."""
        return np.asarray(np.minimum(self.p_states(x, t_x, T).sum(axis=0), 1.0))

    def log_likelihood(
        self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, log_intervals: ArrayLike = 0.0
    ) -> Vector:
        """Log-likelihood of each customer.

        `log_intervals` is the sum of the logs of the customer's intervals: models with different k
        can only be compared with it.
        """
        (x, t_x, T, intervals), shape, index = once_each(x, t_x, T, log_intervals)
        R = self.r + self.k * x
        alive, gone = self._log_states(x, t_x, T)
        found = (
            (self.k - 1) * intervals
            - x * gammaln(self.k)
            + gammaln(R)
            - gammaln(self.r)
            + self.r * np.log(self.alpha)
            - R * np.log(self.alpha + T)
            + betaln(self.a, self.b + x + 1)
            - betaln(self.a, self.b)
            + np.logaddexp(logsumexp(alive, axis=0), gone)
        )
        return np.asarray(found[index].reshape(shape))

    def _mean_ahead(
        self, asked: Asked, state: int, x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        (x, T, t), shape, index = once_each(x, T, t)
        R, B = self.r + self.k * x + state, self.b + x + 1
        found = mean_ahead(asked, self.k, state, R, self.a, B, t / (self.alpha + T))
        return np.asarray(found[index].reshape(shape))

    def expected_in_state(self, state: int, x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """Purchases expected within the coming time t, given alive and in that state."""
        return self._mean_ahead("purchases", state, x, T, t)

    def sum_in_state(
        self,
        state: int,
        x: Vector,
        T: Vector,
        times: Vector,
        weights: Vector,
        digits: float = DIGITS,
    ) -> Vector:
        """Σ_k weights_k · E[Y(times_k)] given the state, for each x and T."""
        return self._time(T, times, digits).weighted_sum(
            lambda t: self.expected_in_state(state, x[:, None], T[:, None], t), times, weights
        )

    def alive_sum_in_state(
        self, state: int, x: Vector, T: Vector, times: Vector, weights: Vector
    ) -> Vector:
        """Σ_k weights_k · P(alive after times_k) given the state, for each x and T."""
        return self._time(T, times, DIGITS).weighted_sum(
            lambda t: self._mean_ahead("staying", state, x[:, None], T[:, None], t), times, weights
        )

    def _time(self, T: Vector, times: Vector, digits: float) -> Time:
        """The roots of unity in the closed form bring singularities of their own."""
        roots = np.exp(2j * np.pi * np.arange(1, self.k // 2 + 1) / self.k)
        near = tuple(complex(own) for own in -np.log(1 - 1 / roots))
        more = 5.0 if near else 0.0  # which many purchases make worse
        return Time.over(self.alpha + T, float(times[-1]), digits + more, near)

    def expected_purchases(
        self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """E[Y(t)]: purchases expected within the coming time t."""
        among = self.p_states(x, t_x, T)
        return np.asarray(sum(among[i] * self.expected_in_state(i, x, T, t) for i in range(self.k)))

    def p_purchase(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """Probability of at least one purchase within the coming time t."""
        return self.p_at_least(1, x, t_x, T, t)

    def p_at_least(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Probability of n or more purchases within the coming time t."""
        n, x = np.asarray(n, dtype=np.float64), np.asarray(x, dtype=np.float64)
        some, B = np.maximum(n, 1), self.b + x + 1
        stays = np.exp(betaln(self.a, B + some - 1) - betaln(self.a, B))
        among = self.p_states(x, t_x, T)
        reached = sum(among[i] * self._reaches(some, i, x, T, t) for i in range(self.k))
        return np.where(n > 0, np.minimum(stays * reached, 1.0), 1.0)

    def _reaches(
        self, n: ArrayLike, state: int, x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Probability to make the steps of n purchases within t, whether alive or not."""
        (n, x, T, t), shape, index = once_each(n, x, T, t)
        w = 1 / (1 + (self.alpha + T) / np.maximum(t, 1e-300))
        found = betainc(self.k * n - state, self.r + self.k * x + state, w)
        return np.asarray(found[index].reshape(shape))

    def p_count(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Probability of exactly n purchases within the coming time t."""
        return np.asarray(np.exp(self.log_p_count(n, x, t_x, T, t)))

    def log_p_count(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Log of the probability of exactly n purchases within the coming time t."""
        (n, x, t_x, T, t), shape, index = once_each(n, x, t_x, T, t)
        alive, gone = self._log_states(x, t_x, T)
        whole = np.logaddexp(logsumexp(alive, axis=0), gone)
        parts = [alive[i] - whole + self._log_p_count_in(i, n, x, T, t) for i in range(self.k)]
        parts.append(np.where(n > 0, -np.inf, gone - whole))
        with np.errstate(divide="ignore"):
            found = logsumexp(np.array(parts), axis=0)
        return np.asarray(found[index].reshape(shape))

    def _log_p_count_in(
        self, state: int, n: ArrayLike, x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """The same, given alive and in that state: alive after n purchases, or gone by the n-th."""
        (n, x, T, t), shape, index = once_each(n, x, T, t)
        R, A, B = self.r + self.k * x + state, self.alpha + T, self.b + x + 1
        y, some = t / A, np.maximum(n, 1)
        first = np.maximum(self.k * n - state, 0.0)
        steps = np.maximum(first + np.arange(self.k)[:, None], 0.0)
        inside = steps <= self.k * n - state + self.k - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            reached = np.where(steps > 0, steps * np.log(y / (1 + y)), 0.0)
            chance = gammaln(R + steps) - gammaln(R) - gammaln(steps + 1) + reached
            made = logsumexp(np.where(inside, chance, -np.inf), axis=0) - R * np.log1p(y)
            stays = betaln(self.a, B + n) - betaln(self.a, B) + made
            leaves = (
                betaln(self.a + 1, B + some - 1)
                - betaln(self.a, B)
                + np.log(betainc(self.k * some - state, R, y / (1 + y)))
            )
        found = np.logaddexp(stays, np.where(n > 0, leaves, -np.inf))
        return np.asarray(found[index].reshape(shape))

    def expected_of_new(self, t: ArrayLike) -> Vector:
        """E[X(t)]: repeat purchases of a customer within a time t of the first purchase."""
        return self.expected_purchases(0.0, 0.0, 0.0, t)

    def p_count_of_new(self, n: ArrayLike, t: ArrayLike) -> Vector:
        """P(X(t) = n): n repeat purchases within a time t of the first purchase."""
        return self.p_count(n, 0.0, 0.0, 0.0, t)

    def median_wait(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Time until which the next purchase has come, more likely than not; infinite: never."""
        (x, t_x, T), shape, index = once_each(x, t_x, T)
        among = self.p_states(x, t_x, T)
        wait = np.full(len(x), np.inf)
        likely = np.flatnonzero(among.sum(axis=0) > 0.5)
        x, T, among = x[likely], T[likely], among[:, likely]
        low, high = np.full(len(x), -60.0), np.full(len(x), np.log(_FOREVER))  # of log(t/(α+T))
        at = np.zeros(len(x))
        for _ in range(_ROUNDS):
            found, slope = self._arrived(at, x, among)
            low, high = np.where(found < 0.5, at, low), np.where(found < 0.5, high, at)
            with np.errstate(divide="ignore", invalid="ignore"):
                ahead = at + (0.5 - found) / slope
            inside = (ahead > low) & (ahead < high)
            ahead = np.where(inside, ahead, (low + high) / 2)
            done = np.abs(ahead - at) < 1e-11
            at = ahead
            if done.all():
                break
        never = at > np.log(_FOREVER) - 1e-6
        wait[likely] = np.where(never, np.inf, np.exp(at) * (self.alpha + T))
        return np.asarray(wait[index].reshape(shape))

    def _arrived(self, log_y: Vector, x: Vector, among: Vector) -> tuple[Vector, Vector]:
        """Probability of a purchase until (α + T)·e^log_y, and its slope by log_y."""
        w = 1 / (1 + np.exp(-log_y))
        found, slope = np.zeros_like(w), np.zeros_like(w)
        for i in range(self.k):
            steps, R = float(self.k - i), self.r + self.k * x + i
            found += among[i] * betainc(steps, R, w)
            density = steps * np.log(w) + R * np.log1p(-w) - betaln(steps, R)
            slope += among[i] * np.exp(density)
        return found, slope

    def draw_counts(
        self, rng: np.random.Generator, x: Vector, T: Vector, silent: Vector, t: float, draws: int
    ) -> NDArray[np.int64]:
        """Draws (customers × draws) of the purchases within t of customers who are alive."""
        shape = (len(x), draws)
        alive, _ = self._log_states(x, T - silent, T)
        share = np.exp(alive - logsumexp(alive, axis=0))
        chance = rng.random(shape)
        state = np.zeros(shape, dtype=np.int64)
        for upto in np.cumsum(share, axis=0)[:-1]:
            state += chance > upto[:, None]
        R = self.r + self.k * x[:, None] + state
        made = rng.poisson(rng.gamma(R) * (t / (self.alpha + T[:, None]))) + state
        leaves = rng.beta(self.a, np.broadcast_to(self.b + x[:, None] + 1, shape))
        last = np.ceil(
            rng.standard_exponential(shape) / -np.log1p(-np.clip(leaves, 1e-12, 1 - 1e-12))
        )
        return np.minimum(made // self.k, np.maximum(last, 1).astype(np.int64))
