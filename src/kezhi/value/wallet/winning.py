"""How often gaps close: of customers with such a gap a year ago, who spent as much as the frontier since."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]

EDGES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Shares of the wallet that part customers; who spent nothing stands apart."""
PULL = 4.0
"""As many customers the share of all counts for within a step."""
LEAST = 10


@dataclass(frozen=True, slots=True)
class Step:
    """Customers who had spent above `above` and at most `until` of their wallet: how many of them spent
    all of it a year later, and the probability told by that, with its interval."""

    above: float
    until: float
    customers: int
    won: int
    probability: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Winning:
    """Steps from "nothing" to "nearly all"; the probability never falls on the way."""

    steps: tuple[Step, ...]
    customers: int
    won: int

    def probability(self, share: Vector) -> tuple[Vector, Vector, Vector]:
        """Of customers who spend such a share of their wallet: probability, low, high."""
        step = place_of(share)
        told = np.array([[own.probability, own.low, own.high] for own in self.steps])
        return told[step, 0], told[step, 1], told[step, 2]


def place_of(share: ArrayLike) -> NDArray[np.intp]:
    """The place of each share among the steps.

    >>> place_of(np.array([0.0, 0.1, 0.25, 0.9])).tolist()
    [0, 1, 1, 4]
    """
    found = np.searchsorted(
        np.array(EDGES), np.clip(np.asarray(share, dtype=np.float64), 0.0, 1.0), side="left"
    )
    return np.asarray(found)


def how_often_won(
    wallet: Vector, spent: Vector, spent_since: Vector, *, level: float = 0.8
) -> Winning:
    """From customers below their wallet of a year ago: what they spent in the year until then and since.

    Steps with few customers lean on all of them (Beta, `PULL` customers), then as much evidence as needed
    is shared until the probability rises from step to step. Raises `ValueError` below `LEAST` customers.

    >>> found = how_often_won(np.full(40, 100.0), np.repeat([20.0, 90.0], 20),
    ...     np.tile([50.0, 120.0], 20))
    >>> found.won, [(own.customers, round(own.probability, 2)) for own in found.steps if own.customers]
    (20, [(20, 0.5), (20, 0.5)])
    """
    from scipy.optimize import isotonic_regression
    from scipy.special import betaincinv

    # Some stand on the frontier itself: rounding doesn't decide on which side.
    reached = wallet * (1 - 1e-9)
    below = (spent < reached) & (wallet > 0)
    customers = int(below.sum())
    if customers < LEAST:
        raise ValueError(f"how often gaps close takes {LEAST} customers who had one a year ago")
    step = place_of(spent[below] / wallet[below])
    is_won = spent_since[below] >= reached[below]
    counts = np.bincount(step, minlength=len(EDGES)).astype(np.float64)
    wins = np.bincount(step, is_won, minlength=len(EDGES))
    # Half a customer each way: nobody out of few isn't never.
    usual = float((wins.sum() + 0.5) / (customers + 1.0))
    evidence = counts + PULL
    shares = isotonic_regression((wins + PULL * usual) / evidence, weights=evidence).x
    steps = []
    for k, probability in enumerate(shares.tolist()):
        yes, no = evidence[k] * probability, evidence[k] * (1 - probability)
        # Jeffreys' interval: nobody out of many isn't surely nobody.
        ends = [float(betaincinv(yes + 0.5, no + 0.5, (1 + s * level) / 2)) for s in (-1, 1)]
        low, high = min(ends[0], probability), max(ends[1], probability)
        above = EDGES[max(k - 1, 0)]
        steps.append(
            Step(above, EDGES[k], int(counts[k]), int(wins[k]), float(probability), low, high)
        )
    return Winning(tuple(steps), customers, int(wins.sum()))
