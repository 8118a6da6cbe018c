"""Which of sBG and BdW foretells renewals, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kezhi.value.potential.contract import SBG, BdW, Contract
from kezhi.value.potential.contract_fit import Renewals, fit_bdw, fit_sbg
from kezhi.value.potential.fitting import CannotFit, Fit, Vector

BETTER = 3.841
"""What one more parameter must add to twice the log-likelihood: 5 % of samples from sBG gain it by chance."""
DRAWS = 400


@dataclass(frozen=True, slots=True)
class Chosen:
    """The model that holds, with its fit; `gain` is what BdW added to twice the log-likelihood of sBG, None
    where it couldn't be tried. `is_weak`: so few contracts ended that the model was drawn to usual ones."""

    fit: Fit[SBG] | Fit[BdW]
    gain: float | None

    @property
    def model(self) -> Contract:
        return self.fit.model

    @property
    def is_weak(self) -> bool:
        return self.fit.diagnostics.penalty > 0


def choose(data: Renewals) -> Chosen:
    """sBG, unless contracts say clearly that the own probability to leave changes with time.

    sBG is BdW with c = 1: the likelihood ratio decides. Where the data are so few that the fit is drawn to
    usual parameters, it is sBG. Raises `CannotFit` as `fit_sbg` does.

    >>> few = choose(Renewals.of_cohorts([[40, 30, 26, 24]]))
    >>> few.model.name, few.is_weak
    ('sbg', True)
    >>> many = choose(Renewals.of_cohorts([[10000, 8690, 7430, 6530, 5930]]))
    >>> many.model.name, many.is_weak
    ('bdw', False)
    """
    simple = fit_sbg(data)
    if simple.diagnostics.penalty > 0:
        return Chosen(simple, None)
    try:
        wide = fit_bdw(data)
    except CannotFit:
        return Chosen(simple, None)
    if wide.diagnostics.penalty > 0:
        return Chosen(simple, None)
    gain = 2 * (wide.diagnostics.log_likelihood - simple.diagnostics.log_likelihood)
    return Chosen(wide if gain > BETTER else simple, gain)


def retention_interval(
    chosen: Chosen, renewals: ArrayLike, level: float = 0.8
) -> tuple[Vector, Vector]:
    """Between which shares the model's retention lies: of the mean, by draws of the parameters.

    >>> chosen = choose(Renewals.of_cohorts([[1000, 631, 468, 382, 326, 289, 262, 241]]))
    >>> low, high = retention_interval(chosen, [1, 4])
    >>> bool((low < chosen.model.retention([1, 4])).all() and (high > low).all())
    True
    """
    model, times = chosen.model, np.asarray(renewals, dtype=np.float64)
    middle = np.log(list(model.parameters.values()))
    spread = np.asarray(chosen.fit.diagnostics.covariance)
    drawn = np.random.default_rng(20261121).multivariate_normal(middle, spread, DRAWS)
    drawn = np.exp(np.clip(drawn, -30, 30))
    kind = type(model)
    found = np.array([kind(*own.tolist()).retention(times) for own in drawn])
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.asarray(low), np.asarray(high)


def observed_interval(
    renewed: ArrayLike, reached: ArrayLike, level: float = 0.8
) -> tuple[Vector, Vector]:
    """Between which shares the observed rate lies (Jeffreys); a share of nobody is anything from 0 to 1.

    >>> low, high = observed_interval([9.0, 0.0], [10.0, 0.0])
    >>> low.round(2), high.round(2)
    (array([0.73, 0.  ]), array([0.97, 1.  ]))
    """
    from scipy.special import betaincinv

    yes, all_ = np.asarray(renewed, dtype=np.float64), np.asarray(reached, dtype=np.float64)
    no, tail = all_ - yes, (1 - level) / 2
    low = np.where(yes > 0, betaincinv(yes + 0.5, no + 0.5, tail), 0.0)
    high = np.where(no > 0, betaincinv(yes + 0.5, no + 0.5, 1 - tail), 1.0)
    return np.asarray(low), np.asarray(high)
