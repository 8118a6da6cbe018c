"""DERT: discounted expected residual transactions, without end. Fader, Hardie & Lee (2005), JMR 42.

All purchases still to come, each discounted continuously with δ = ln(1 + d) per year:

    DERT = ∫₀^∞ e^(−δu) dE[Y(u)] = ∫₀^∞ δ e^(−δu) E[Y(u)] du.

It is kept apart from the continuation, which ends with its horizon and discounts by whole units.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from kezhi.value.durations import DAYS_PER_YEAR, days_in
from kezhi.value.potential.alike import once_each
from kezhi.value.potential.fitting import Vector
from kezhi.value.potential.nbd_quadrature import gauss
from kezhi.value.potential.purchase_model import PurchaseModel

_PANELS, _NODES = 4, 24
_ENOUGH = 45.0  # e^-45 of a purchase counts nothing
_AT_ONCE = 4096


def dert(
    model: PurchaseModel,
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    *,
    annual_rate: float,
    unit: str,
) -> Vector:
    """Discounted purchases still to come of each customer; times of the model count in `unit`.

    Raises ValueError where the rate isn't positive: there the sum may have no end.

    >>> from kezhi.value.potential.pareto_nbd import ParetoNBD
    >>> model = ParetoNBD(r=0.5534, alpha=10.5802, s=0.6061, beta=11.6562)
    >>> dert(model, [2, 26], [30.43, 30.86], [38.86, 31], annual_rate=0.15, unit="week").round(2)
    array([ 6.51, 86.44])
    """
    if not annual_rate > 0:
        raise ValueError("purchases without end need a discount rate above 0")
    delta = np.log1p(annual_rate) * days_in(unit) / DAYS_PER_YEAR
    x, t_x, T = np.broadcast_arrays(*(np.asarray(own, np.float64) for own in (x, t_x, T)))
    (counts, ages), shape, index = once_each(x, T)
    nodes, weights = gauss(_NODES)
    steps = ((np.arange(_PANELS)[:, None] + nodes) / _PANELS).ravel()
    origin = model.time_scale + ages[:, None]
    reach = np.log1p(_ENOUGH / delta / origin)
    u = origin * np.expm1(reach * steps)
    weight = np.tile(weights / _PANELS, _PANELS) * reach * (origin + u) * delta * np.exp(-delta * u)
    found = np.zeros(shape)
    for state, here in enumerate(model.p_states(x, t_x, T)):
        ahead = np.empty(len(ages))
        for start in range(0, len(ages), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            expected = model.expected_in_state(state, counts[part, None], ages[part, None], u[part])
            ahead[part] = (weight[part] * expected).sum(axis=1)
        found += here * ahead[index].reshape(shape)
    return found
