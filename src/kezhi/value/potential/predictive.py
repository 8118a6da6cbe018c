"""What may come, with everything that isn't known: the parameters, and chance.

Models are drawn from what the data leave open about the parameters (the normal of their logs around
the fit, the weak prior included where one was used), and under each drawn model what customers do.
So the total of a group gets an interval that is as wide as our ignorance: with thirty customers most
of it is about the parameters, which all customers share, and which no sum averages out.

Customers' own counts are discrete; how well they are foretold is judged by their randomised
probability integral transform, which is uniform where the model holds (Smith 1985; Czado, Gneiting
& Held 2009).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kezhi.value.potential.fitting import Diagnostics, Vector
from kezhi.value.potential.purchase_model import PurchaseModel

DRAWS = 400
_FARTHEST = 5.0  # log-parameters are drawn within a factor of 150
_MODELS = 60  # drawn ones that the probabilities of a count are the mean of
_LOOKED_AT = 5_000  # customers by whom the spread of a large group is told


@dataclass(frozen=True, slots=True)
class Total:
    """Purchases of all customers of a group together, within the time asked for.

    `mean_*` tells how sure the expected total is, `outcome_*` what may really come; both at `level`.
    """

    expected: float
    mean_low: float
    mean_high: float
    outcome_low: float
    outcome_high: float
    level: float


def drawn_models(
    model: PurchaseModel, diagnostics: Diagnostics, rng: np.random.Generator, draws: int = DRAWS
) -> list[PurchaseModel]:
    """Models with parameters drawn from the normal of their logs."""
    return [replace(model, **own) for own in drawn_parameters(model, diagnostics, rng, draws)]  # type: ignore[type-var]


def drawn_parameters(
    model: Any, diagnostics: Diagnostics, rng: np.random.Generator, draws: int = DRAWS
) -> list[dict[str, float]]:
    """The parameters alone, of any model that was fitted; those estimated, by name.

    The covariance is in the order of the model's names, which diagnostics read from a database may
    not have kept.
    """
    covariance = np.array(diagnostics.covariance)
    eigenvalues, axes = np.linalg.eigh((covariance + covariance.T) / 2)
    root = axes * np.sqrt(np.maximum(eigenvalues, 0.0))
    names: tuple[str, ...] = model.names
    logs = np.log([getattr(model, name) for name in names])
    found = []
    for z in rng.standard_normal((draws, len(names))):
        away = np.clip((root * z).sum(axis=1), -_FARTHEST, _FARTHEST)
        found.append(dict(zip(names, np.exp(logs + away).tolist(), strict=True)))
    return found


def draw_purchases(
    model: PurchaseModel, x: Vector, t_x: Vector, T: Vector, t: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """One draw of the purchases of each customer within the coming time t."""
    alive = rng.random(len(x)) < model.p_alive(x, t_x, T)
    counts = model.draw_counts(rng, x, T, np.clip(T - t_x, 0.0, T), t, 1)[:, 0]
    return np.asarray(np.where(alive, counts, 0))


def total_purchases(
    model: PurchaseModel,
    diagnostics: Diagnostics,
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    t: float,
    *,
    rng: np.random.Generator,
    level: float = 0.8,
    draws: int = DRAWS,
) -> Total:
    """Purchases of a group of customers within the coming time t, with both intervals.

    The diagnostics are those of the model's fit. Of a group of many thousands the spread is told by
    some of them.

    >>> from kezhi.value.potential import mbg_nbd
    >>> x, t_x = np.array([0, 1, 3, 0, 6, 2.0]), np.array([0, 4, 20, 0, 33, 9.0])
    >>> T = np.array([30, 31, 35, 38, 36, 39.0])
    >>> fit = mbg_nbd.fit(x, t_x, T)
    >>> found = total_purchases(fit.model, fit.diagnostics, x, t_x, T, 26.0,
    ...     rng=np.random.default_rng(1))
    >>> found.outcome_low < found.mean_low < found.expected < found.mean_high < found.outcome_high
    True
    """
    given = (np.asarray(own, dtype=np.float64) for own in (x, t_x, T))
    x, t_x, T = (np.atleast_1d(own) for own in np.broadcast_arrays(*given))
    expected = float(model.expected_purchases(x, t_x, T, t).sum())
    if len(x) == 0:
        return Total(0.0, 0.0, 0.0, 0.0, 0.0, level)
    some = np.unique(np.linspace(0, len(x) - 1, min(len(x), _LOOKED_AT)).round().astype(np.intp))
    share = len(some) / len(x)
    own = x[some], t_x[some], T[some]
    here = float(model.expected_purchases(*own, t).sum())
    means, chances = np.empty(draws), np.empty(draws)
    for k, drawn in enumerate(drawn_models(model, diagnostics, rng, draws)):
        means[k] = drawn.expected_purchases(*own, t).sum()
        chances[k] = draw_purchases(drawn, *own, t, rng).sum() - means[k]
    # Chance averages out in a larger group, what isn't known of the parameters doesn't.
    scale = expected / here if here > 0 else 1 / share
    outcomes = means * scale + chances * np.sqrt(1 / share)
    tails = [(1 - level) / 2, (1 + level) / 2]  # as many draws fall between as a further one would
    low, high = np.quantile(means * scale, tails, method="weibull")
    least, most = np.quantile(outcomes, tails, method="weibull")
    return Total(expected, float(low), float(high), max(float(least), 0.0), float(most), level)


def randomised_pit(
    model: PurchaseModel,
    later: ArrayLike,
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    t: float,
    *,
    rng: np.random.Generator,
    diagnostics: Diagnostics | None = None,
) -> Vector:
    """P(Y < y) + u · P(Y = y) of each customer's count y within t: uniform where the model holds.

    With the diagnostics of the fit, probabilities are means over what the data leave open about the
    parameters, as the intervals of few customers are.
    """
    came = np.asarray(later, dtype=np.float64)
    models = [model]
    if diagnostics is not None:
        models = drawn_models(model, diagnostics, rng, _MODELS)
    below = np.mean([1 - own.p_at_least(came, x, t_x, T, t) for own in models], axis=0)
    here = np.mean([own.p_count(came, x, t_x, T, t) for own in models], axis=0)
    return np.asarray(np.clip(below + rng.random(came.shape) * here, 0.0, 1.0))
