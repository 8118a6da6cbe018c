"""BG/NBD: Fader, Hardie & Lee (2005), Marketing Science 24(2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.typing import ArrayLike

from kezhi.value.potential.beta_geometric import BetaGeometric
from kezhi.value.potential.beta_geometric_fit import fit_beta_geometric
from kezhi.value.potential.fitting import Fit


@dataclass(frozen=True, slots=True)
class BGNBD(BetaGeometric):
    """A customer may leave after each repeat purchase; P(alive) is 1 without a repeat.

    >>> model = BGNBD(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259)
    >>> model.p_alive([26, 0], [30.86, 0], [31, 31]).round(3)
    array([0.969, 1.   ])
    >>> model.expected_purchases([2], [30.43], [38.86], 39).round(2)
    array([1.23])
    """

    name: ClassVar[str] = "bg-nbd"
    shift: ClassVar[int] = 0


def fit(
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    penalty: float | None = None,
) -> Fit[BGNBD]:
    """Maximum likelihood from customers' repeat purchases, recency and age, all in one unit.

    Customers with equal figures may be given once with a weight. `penalty` is the weight of a pull
    towards usual parameters: 0 for none, None to use it only where the data are too few. Raises
    `CannotFit` where nobody bought twice or no maximum is found.

    >>> found = fit([0, 0, 1, 2, 4], [0, 0, 3.0, 20.0, 30.0], [30, 35, 31, 38, 33])
    >>> found.diagnostics.converged, found.diagnostics.customers
    (True, 5)
    """
    return fit_beta_geometric(BGNBD, x, t_x, T, weights=weights, penalty=penalty)
