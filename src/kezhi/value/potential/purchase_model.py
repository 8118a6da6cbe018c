"""What every model of purchases can be asked: the protocol that choice and continuation rely on."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.potential.fitting import Vector


class PurchaseModel(Protocol):
    """Frozen parameters. x repeat purchases, the last at t_x, in an age of T; t is ahead of T.

    A customer who is alive is in one of `states` states. Given the state, what lies ahead depends
    on x and T alone: it is computed once for customers alike in these.
    """

    @property
    def name(self) -> str:
        """The key of the model, such as `mbg-nbd`."""

    @property
    def names(self) -> tuple[str, ...]:
        """The estimated parameters, in the order of their covariance."""

    @property
    def states(self) -> int:
        """How many states there are."""

    @property
    def time_scale(self) -> float:
        """Everything is smooth in log(time_scale + age)."""

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name."""

    def p_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Probability that the customer is still one."""

    def p_states(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Probabilities (states × customers) of being alive and in each state."""

    def p_purchase(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """Probability of at least one purchase within t."""

    def p_at_least(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Probability of n or more purchases within t."""

    def p_count(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Probability of exactly n purchases within t."""

    def log_p_count(
        self, n: ArrayLike, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Its log."""

    def expected_purchases(
        self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike
    ) -> Vector:
        """Purchases expected within t."""

    def expected_in_state(self, state: int, x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Vector:
        """The same, given alive and in that state."""

    def sum_in_state(
        self,
        state: int,
        x: Vector,
        T: Vector,
        times: Vector,
        weights: Vector,
        digits: float = ...,
    ) -> Vector:
        """Σ_k weights_k · E[Y(times_k)] given the state, for each x and T, to so many digits."""

    def alive_sum_in_state(
        self, state: int, x: Vector, T: Vector, times: Vector, weights: Vector
    ) -> Vector:
        """Σ_k weights_k · P(alive after times_k) given the state, for each x and T."""

    def expected_of_new(self, t: ArrayLike) -> Vector:
        """Repeat purchases of a customer within t of the first."""

    def p_count_of_new(self, n: ArrayLike, t: ArrayLike) -> Vector:
        """Probability of n repeat purchases within t of the first."""

    def median_wait(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Vector:
        """Time until which the next purchase has come, more likely than not; infinite: never."""

    def draw_counts(
        self, rng: np.random.Generator, x: Vector, T: Vector, silent: Vector, t: float, draws: int
    ) -> NDArray[np.int64]:
        """Draws (customers × draws) of the purchases within t of customers who are alive.

        `silent` is T − t_x: models of rhythm need it.
        """
