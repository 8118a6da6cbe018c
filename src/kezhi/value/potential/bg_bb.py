"""BG/BB: Fader, Hardie & Shang (2010), Marketing Science 29(6). Purchases by period, without times.

Where a customer can buy once a period (a yearly donation, a monthly box, a fair), what counts is in
how many of the n periods after the first purchase there was one: x of them, the last in period t_x.
A living customer buys in a period with probability p ~ Beta(α, β) and leaves at the beginning of
each one with probability θ ~ Beta(γ, δ).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, gammaln

from kezhi.value.potential.fitting import Vector
from kezhi.value.potential.gamma_ratios import discounted_sum, rising_sum
from kezhi.value.potential.parameters import PositiveParameters

PARAMETERS = ("alpha", "beta", "gamma", "delta")


@dataclass(frozen=True, slots=True)
class BGBB(PositiveParameters):
    """The parameters; every method takes arrays and broadcasts them. Times count in periods.

    >>> donors = BGBB(alpha=1.2035, beta=0.7497, gamma=0.6567, delta=2.7834)
    >>> donors.p_alive([0, 2, 6], [0, 4, 6], 6).round(2)
    array([0.11, 0.59, 0.93])
    >>> donors.expected_purchases([0, 2, 6], [0, 4, 6], 6, 5).round(2)
    array([0.07, 1.06, 3.75])
    """

    name: ClassVar[str] = "bg-bb"
    names: ClassVar[tuple[str, ...]] = PARAMETERS

    alpha: float
    beta: float
    gamma: float
    delta: float

    def log_likelihood(self, x: ArrayLike, t_x: ArrayLike, n: ArrayLike) -> Vector:
        """Log-likelihood of each customer."""
        x, t_x, n = np.broadcast_arrays(*_periods(x, t_x, n))
        return self._log_likelihood(x.ravel(), t_x.ravel(), n.ravel()).reshape(x.shape)

    def _log_likelihood(self, x: Vector, t_x: Vector, n: Vector) -> Vector:
        found = self._log_alive(x, n, n)
        silent = n - t_x
        # Gone in the period after t_x + i: as many terms as the longest silence has periods.
        for i in range(int(silent.max(initial=0))):
            here = np.flatnonzero(silent > i)
            end = t_x[here] + i
            gone = self._log_bought(x[here], end) + (
                betaln(self.gamma + 1, self.delta + end) - betaln(self.gamma, self.delta)
            )
            found[here] = np.logaddexp(found[here], gone)
        return found

    def _log_bought(self, x: Vector, n: Vector) -> Vector:
        return np.asarray(betaln(self.alpha + x, self.beta + n - x) - betaln(self.alpha, self.beta))

    def _log_alive(self, x: Vector, n: Vector, until: Vector) -> Vector:
        """Log of the probability of the purchases and to be alive in period `until`."""
        stayed = betaln(self.gamma, self.delta + until) - betaln(self.gamma, self.delta)
        return np.asarray(self._log_bought(x, n) + stayed)

    def p_alive(
        self, x: ArrayLike, t_x: ArrayLike, n: ArrayLike, *, ahead: ArrayLike = 1
    ) -> Vector:
        """Probability to be still a customer in the coming period, or `ahead` periods from now.

        With `ahead` 0: in period n itself, which was the last one seen.
        """
        x, t_x, n = _periods(x, t_x, n)
        ahead = _whole(ahead, "ahead")
        alive = self._log_alive(x, n, n + ahead) - self.log_likelihood(x, t_x, n)
        return np.asarray(np.exp(np.minimum(alive, 0.0)))

    def p_rate(self, x: ArrayLike, n: ArrayLike) -> Vector:
        """Expected probability to buy in a period, of a customer who is still one in period n."""
        x, _, n = _periods(x, x, n)
        return np.asarray((self.alpha + x) / (self.alpha + self.beta + n))

    def expected_purchases(
        self, x: ArrayLike, t_x: ArrayLike, n: ArrayLike, periods: ArrayLike
    ) -> Vector:
        """Purchases expected in the coming `periods`."""
        x, t_x, n = _periods(x, t_x, n)
        lived = rising_sum(self.delta + n, self.gamma, _whole(periods, "periods"))
        return np.asarray(self.p_alive(x, t_x, n, ahead=0) * self.p_rate(x, n) * lived)

    def p_count(
        self, k: ArrayLike, x: ArrayLike, t_x: ArrayLike, n: ArrayLike, periods: ArrayLike
    ) -> Vector:
        """Probability of exactly k purchases in the coming `periods`."""
        k, m = _whole(k, "k"), _whole(periods, "periods")
        x, t_x, n = _periods(x, t_x, n)
        alive = self.p_alive(x, t_x, n, ahead=0)
        k, m, x, n, alive = np.broadcast_arrays(k, m, x, n, alive)
        buys, waits, stays = self.alpha + x, self.beta + n - x, self.delta + n
        found = np.zeros(k.shape)
        for i in range(int(m.max(initial=0)) + 1):
            # i periods lived of the m: all of them, or gone at the beginning of the next one
            left = betaln(self.gamma + (i < m), stays + i) - betaln(self.gamma, stays)
            most = np.maximum(i - k, 0)
            exactly = (
                gammaln(i + 1)
                - gammaln(k + 1)
                - gammaln(most + 1)
                + betaln(buys + k, waits + most)
                - betaln(buys, waits)
            )
            found += np.where((i <= m) & (k <= i), np.exp(left + exactly), 0.0)
        return np.asarray(alive * found + np.where(k == 0, 1 - alive, 0.0))

    def log_p_count(
        self, k: ArrayLike, x: ArrayLike, t_x: ArrayLike, n: ArrayLike, periods: ArrayLike
    ) -> Vector:
        """Its log."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.p_count(k, x, t_x, n, periods)))

    def p_purchase(self, x: ArrayLike, t_x: ArrayLike, n: ArrayLike, periods: ArrayLike) -> Vector:
        """Probability of at least one purchase in the coming `periods`."""
        return np.asarray(1 - self.p_count(0, x, t_x, n, periods))

    def expected_of_new(self, periods: ArrayLike) -> Vector:
        """Repeat purchases of a new customer in the `periods` after the first purchase."""
        return self.expected_purchases(0, 0, 0, periods)

    def p_count_of_new(self, k: ArrayLike, periods: ArrayLike) -> Vector:
        """Probability of k repeat purchases in the `periods` after the first."""
        return self.p_count(k, 0, 0, 0, periods)

    def dert(
        self,
        x: ArrayLike,
        t_x: ArrayLike,
        n: ArrayLike,
        *,
        annual_rate: float,
        periods_per_year: float = 1.0,
    ) -> Vector:
        """DERT: all purchases to come, the one in the k-th coming period discounted k times.

        Raises ValueError where there is no rate and γ ≤ 1: the sum has no end then.

        >>> BGBB(1.2035, 0.7497, 0.6567, 2.7834).dert(6, 6, 6, annual_rate=0.1).round(2)
        np.float64(5.91)
        """
        if not annual_rate >= 0:
            raise ValueError("purchases without end need a discount rate of 0 or more")
        x, t_x, n = _periods(x, t_x, n)
        factor = (1 + annual_rate) ** (-1 / periods_per_year)
        lived = discounted_sum(self.delta + n + 1, self.gamma, factor) * factor
        return np.asarray(self.p_alive(x, t_x, n) * self.p_rate(x, n) * lived)


def _whole(count: ArrayLike, name: str) -> Vector:
    found = np.asarray(count, dtype=np.float64)
    if (found < 0).any() or (found != np.floor(found)).any():
        raise ValueError(f"{name} counts: it must be whole and not negative")
    return found


def _periods(x: ArrayLike, t_x: ArrayLike, n: ArrayLike) -> tuple[Vector, Vector, Vector]:
    x, t_x, n = _whole(x, "x"), _whole(t_x, "t_x"), _whole(n, "n")
    if (x > t_x).any() or (t_x > n).any() or ((x == 0) != (t_x == 0)).any():
        raise ValueError("0 ≤ x ≤ t_x ≤ n must hold, and t_x = 0 exactly where x = 0")
    return x, t_x, n
