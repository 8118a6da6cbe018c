"""Sums over many moments ahead from few of them: the models are smooth in the log of time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kezhi.value.potential.fitting import Vector

DIGITS = 10  # of the interpolation over time: see `Time`
_NODES = (8, 48)  # at least and at most


@dataclass(frozen=True, slots=True)
class Time:
    """Interpolation over the coming time t, in log(1 + t/A): the models are smooth in that.

    A horizon has up to a thousand units, but some twenty values of E[Y(t)] determine all others to
    ten digits: the next singularity is π away from the real line, which gives the number of
    Chebyshev nodes. Groups with the same A share the weights.
    """

    scales: Vector  # distinct A
    which: NDArray[np.intp]
    nodes: Vector  # scales × nodes, times
    reach: Vector  # log(1 + horizon/A)

    @classmethod
    def over(
        cls, A: Vector, horizon: float, digits: float = DIGITS, near: tuple[complex, ...] = ()
    ) -> Time:
        """Nodes for each A; `near` are further singularities, in log(1 + t/A)."""
        scales, which = np.unique(A, return_inverse=True)
        reach = np.log1p(horizon / scales)
        longest = float(reach.max(initial=1e-9))
        apart = 2 * np.pi / longest
        rate = np.log10(apart + np.hypot(apart, 1.0))
        for singular in near:
            place = 2 * singular / longest - 1
            root = np.sqrt(place * place - 1)
            rate = min(rate, np.log10(max(abs(place + root), abs(place - root))))
        nodes = int(np.clip(np.ceil(digits / rate), *_NODES))
        angles = (np.arange(nodes) + 0.5) * np.pi / nodes
        spread = (1 - np.cos(angles)) / 2
        return cls(scales, which, scales[:, None] * np.expm1(reach[:, None] * spread), reach)

    def weighted_sum(
        self, function: Callable[[Vector], Vector], times: Vector, weights: Vector
    ) -> Vector:
        """Σ_k weights_k · function(times_k) for each group."""
        rows = function(self.nodes[self.which])
        return np.asarray((rows * self._weights(times, weights)[self.which]).sum(axis=1))

    def _weights(self, times: Vector, weights: Vector) -> Vector:
        """What each node counts: the weighted sum of its Lagrange polynomial (Chebyshev nodes)."""
        nodes = self.nodes.shape[1]
        order = np.arange(nodes)
        angles = (order + 0.5) * np.pi / nodes
        sums = np.zeros((len(self.scales), nodes))
        for start in range(0, len(times), 64):
            part = slice(start, start + 64)
            place = np.log1p(times[part] / self.scales[:, None]) / self.reach[:, None]
            theta = np.arccos(np.clip(1 - 2 * place, -1, 1))
            sums += np.cos(theta[:, :, None] * order).swapaxes(1, 2) @ weights[part]
        sums[:, 1:] *= 2
        return np.asarray(sums @ np.cos(np.outer(order, angles)) / nodes)
