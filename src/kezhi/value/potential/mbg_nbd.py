"""MBG/NBD: Batislam, Denizel & Filiztekin (2007), Int. J. of Research in Marketing 24."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.typing import ArrayLike

from kezhi.value.potential.beta_geometric import BetaGeometric
from kezhi.value.potential.beta_geometric_fit import fit_beta_geometric
from kezhi.value.potential.fitting import Fit


@dataclass(frozen=True, slots=True)
class MBGNBD(BetaGeometric):
    """A customer may leave after each purchase, the first one included.

    >>> model = MBGNBD(r=0.5248, alpha=6.1831, a=0.8914, b=1.6140)
    >>> model.p_alive([0, 2], [0, 30.43], [38.86, 38.86]).round(3)
    array([0.39 , 0.706])
    """

    name: ClassVar[str] = "mbg-nbd"
    shift: ClassVar[int] = 1


def fit(
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    penalty: float | None = None,
) -> Fit[MBGNBD]:
    """Maximum likelihood, with the arguments of `bg_nbd.fit`.

    >>> found = fit([0, 0, 1, 2, 4], [0, 0, 3.0, 20.0, 30.0], [30, 35, 31, 38, 33])
    >>> found.model.name
    'mbg-nbd'
    """
    return fit_beta_geometric(MBGNBD, x, t_x, T, weights=weights, penalty=penalty)
