"""The continuation of few customers: intervals by draws, since the usual approximations are for many.

Where a weak prior had to help (see `fitting.WEAK`), the parameters are so unsure that intervals around
the fitted ones would be too narrow. Here every draw takes parameters from what the data and the prior
leave open, and lets customers live and buy under these; customers share the parameters of a draw, so
that the total of all is as unsure as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaincinv

from kezhi.value.potential.fitting import Diagnostics, Vector
from kezhi.value.potential.gamma_gamma import GammaGamma
from kezhi.value.potential.predictive import drawn_models, drawn_parameters
from kezhi.value.potential.purchase_model import PurchaseModel
from kezhi.value.potential.shrunk_mean import ShrunkMean

FEW = 5_000
"""Customers from which on draws of all of them would take too long."""
DRAWS = 159


@dataclass(frozen=True, slots=True)
class Gross:
    """What draws × customers spend within the horizon, before margin: on average under the drawn
    parameters (discounted), and by chance (not discounted)."""

    mean: Vector
    outcome: Vector
    purchases: Vector  # discounted, on average under the drawn parameters


def drawn_gross(
    x: Vector,
    t_x: Vector,
    T: Vector,
    paid: Vector,
    mean_spend: Vector,
    *,
    model: PurchaseModel,
    diagnostics: Diagnostics,
    spend: GammaGamma | ShrunkMean,
    spend_diagnostics: Diagnostics | None,
    horizon: float,
    discounted: Callable[[PurchaseModel], Vector],
    rng: np.random.Generator,
) -> Gross:
    """`discounted` gives the discounted purchases of each customer under a model; `horizon` is in
    units of the model's time."""
    shape = (DRAWS, len(x))
    mean, outcome, purchases = np.empty(shape), np.empty(shape), np.empty(shape)
    spends = _spends(spend, spend_diagnostics, rng)
    silent = np.clip(T - t_x, 0.0, T)
    for k, drawn in enumerate(drawn_models(model, diagnostics, rng, DRAWS)):
        own = spends[k % len(spends)]
        alive = rng.random(len(x)) < drawn.p_alive(x, t_x, T)
        drawn_counts = drawn.draw_counts(rng, x, T, silent, horizon, 1)[:, 0]
        counts = np.where(alive, drawn_counts, 0).astype(np.float64)
        purchases[k] = discounted(drawn)
        mean[k] = purchases[k] * own.expected_spend(paid, mean_spend)
        outcome[k] = _spent(own, counts, paid, mean_spend, rng)
    return Gross(mean, outcome, purchases)


def _spends(
    spend: GammaGamma | ShrunkMean, diagnostics: Diagnostics | None, rng: np.random.Generator
) -> list[GammaGamma | ShrunkMean]:
    """Drawn models of spending that have a mean; the fitted one where nothing is drawn."""
    if not isinstance(spend, GammaGamma) or diagnostics is None:
        return [spend]
    drawn = (replace(spend, **own) for own in drawn_parameters(spend, diagnostics, rng, DRAWS))
    # A mean of all spending needs q > 1; a little above it a single draw would outweigh all others.
    least = 1 + (spend.q - 1) / 4
    return [own for own in drawn if own.q > least] or [spend]


def _spent(
    spend: GammaGamma | ShrunkMean,
    counts: Vector,
    paid: Vector,
    mean_spend: Vector,
    rng: np.random.Generator,
) -> Vector:
    if not isinstance(spend, GammaGamma):
        return np.asarray(counts * spend.expected_spend(paid, mean_spend))
    known = np.where(paid > 0, paid * np.nan_to_num(mean_spend), 0.0)
    shape = np.maximum(rng.gamma(spend.q + spend.p * paid), 1e-12)
    bought = rng.gamma(np.maximum(spend.p * counts, 1e-12))
    return np.asarray(np.where(counts > 0, bought / shape * (spend.gamma + known), 0.0))


def most_purchases(T: Vector, level: float) -> float:
    """The rate of purchases per unit of time that can't be ruled out where nobody bought again.

    The upper end of the interval at `level` of a rate of which nothing is known beforehand (Jeffreys):
    the longer customers have been seen without a purchase, the lower.

    >>> round(most_purchases(np.full(30, 26.0), 0.8), 5)
    0.00173
    """
    seen = max(float(T.sum()), 1.0)
    return float(gammaincinv(0.5, (1 + level) / 2)) / seen
