"""Choice of the purchase model on a hold-out: by figures, not by taste.

Models are fitted to what happened until a day and judged on what came after it. Candidates with a
density are compared by the mean log score of the customers' counts; the naive rule has none and is
compared with the best of them by root mean squared error. Never by mean absolute error: predicting
zero for everybody nearly wins that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.potential import bg_nbd, ggom_nbd, mbg_nbd, nbd, pareto_nbd, regular_fit
from kezhi.value.potential.fitting import CannotFit, Fit, Vector
from kezhi.value.potential.ggom_nbd import GGomNBD
from kezhi.value.potential.naive import Naive
from kezhi.value.potential.nbd import NBD
from kezhi.value.potential.pareto_nbd import ParetoNBD
from kezhi.value.potential.purchase_model import PurchaseModel
from kezhi.value.potential.regular import RegularNBD
from kezhi.value.ranks import ranks

FITS: Mapping[str, Any] = {
    "bg-nbd": bg_nbd.fit,
    "mbg-nbd": mbg_nbd.fit,
    "pareto-nbd": pareto_nbd.fit,
    "ggom-nbd": ggom_nbd.fit,
    "nbd": nbd.fit,
    "mbg-cnbd-k": regular_fit.fit,
}
"""How the candidates with a density are fitted: see `fit_named`."""

DEFAULT = "mbg-nbd"
"""The model where the history is too short for a choice."""


EVERYBODY = "all"
"""The model of all customers, in the contest of a segment."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How well a candidate foretold the hold-out.

    `total` and `actual` purchases of all customers, `bias` = total ÷ actual − 1, errors per
    customer, the mean log score (None without a density), rank correlation, and the share of actual
    purchases made by the tenth of customers with the highest predictions.
    """

    total: float
    actual: float
    bias: float | None
    mae: float
    rmse: float
    log_score: float | None
    spearman: float | None
    top10_share: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures by candidate; `chosen` foretells value, `for_p_alive` gives probabilities.

    They differ where the naive rule wins: it knows no probabilities. `failed` says why a candidate
    could not be fitted, or is no other model here. `calibration` goes by candidate, each by tenth of
    its predictions. `rhythm` is k of MBG/CNBD-k: the time between two purchases varies by 1/√k of
    its mean, so that 1 is at random, 4 by half. None where it isn't known.
    """

    customers: int
    holdout_units: float
    models: Mapping[str, Figures]
    chosen: str
    chosen_because: str
    for_p_alive: str | None
    failed: Mapping[str, str]
    calibration: Mapping[str, tuple[Mapping[str, float], ...]]
    rhythm: int | None


def fit_named(
    name: str, x: Any, t_x: Any, T: Any, *, log_intervals: float | None = None
) -> Fit[PurchaseModel]:
    """The fit of a model in `FITS`.

    `log_intervals`, the sum of the logs of all times between two purchases of a customer, is what
    a model of rhythm has to know beside x, t_x and T.
    """
    fitted: Fit[PurchaseModel]
    if name == RegularNBD.name:
        fitted = FITS[name](x, t_x, T, log_intervals=log_intervals)
    else:
        fitted = FITS[name](x, t_x, T)
    return fitted


def _same_as_another(fit: Fit[PurchaseModel]) -> str | None:
    """Why a candidate that is fitted stays out of the race: it is a simpler one here."""
    if isinstance(fit.model, RegularNBD) and fit.model.k == 1:
        return "customers buy without a rhythm (k = 1): this is the MBG/NBD"
    if "pareto_limit" in fit.diagnostics.degenerate:
        return "customers don't leave the sooner the older they are: this is the Pareto/NBD"
    return None


MANY_CUSTOMERS = 20_000
"""From here on two candidates at a time pay: the arithmetic of arrays leaves the interpreter free."""
BEGINS_AT = {GGomNBD.name: ParetoNBD.name}
"""The fit of a model that has another one as its limit begins there."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A candidate: what it foretold, or why it stays out of the race."""

    name: str
    fit: Fit[Any] | None
    prediction: Vector | None = None
    log_score: Vector | None = None
    why: str = ""


def _judge(
    name: str,
    x: NDArray[Any],
    t_x: Vector,
    T: Vector,
    later: NDArray[Any],
    holdout: float,
    log_intervals: float | None,
    limit: Fit[Any] | None,
) -> _Judged:
    """`limit`: the fit that this one may begin at."""
    try:
        if limit is not None:
            found = FITS[name](x, t_x, T, limit=limit)
        else:
            found = fit_named(name, x, t_x, T, log_intervals=log_intervals)
    except CannotFit as reason:
        return _Judged(name, None, why=str(reason))
    if same := _same_as_another(found):
        return _Judged(name, found, why=same)
    prediction = found.model.expected_purchases(x, t_x, T, holdout)
    log_score = found.model.log_p_count(later, x, t_x, T, holdout)
    return _Judged(name, found, prediction, log_score)


def _by_name(
    judged: Callable[[Sequence[str]], list[_Judged]],
    candidates: Collection[str],
    *,
    is_large: bool,
) -> Iterator[_Judged]:
    """The candidates in the order of `FITS`, among many customers two at a time."""
    names = [name for name in FITS if name in candidates]
    chains = []
    for name in names:
        if BEGINS_AT.get(name) in names:
            continue
        chains.append([name, *(each for each in names if BEGINS_AT.get(each) == name)])
    chains.sort(key=len, reverse=True)  # the longest first
    if is_large:
        with ThreadPoolExecutor(2) as pool:
            told = list(pool.map(judged, chains))
    else:
        told = [judged(chain) for chain in chains]
    by_name = {each.name: each for chain in told for each in chain}
    return (by_name[name] for name in names)


def evaluate(
    x: NDArray[Any],
    t_x: Vector,
    T: Vector,
    later: NDArray[Any],
    holdout: float,
    *,
    log_intervals: float | None = None,
    candidates: Collection[str] = tuple(FITS),
    given: Mapping[str, PurchaseModel] | None = None,
) -> Evaluation:
    """Judge the candidates by the purchases `later` in a hold-out of that many units of time.

    `log_intervals`: see `fit_named`. Without it no rhythm can be told. The naive rule is always
    among the candidates, and so are models `given` by name, as they are.

    >>> rng = np.random.default_rng(7)
    >>> x = rng.poisson(2, 200); T = np.full(200, 50.0)
    >>> found = evaluate(x, np.where(x > 0, 40.0, 0.0), T, rng.poisson(1, 200), 26.0)
    >>> sorted(found.models), found.chosen in found.models
    (['bg-nbd', 'ggom-nbd', 'mbg-nbd', 'naive', 'nbd', 'pareto-nbd'], True)
    """
    predictions: dict[str, Vector] = {"naive": Naive().expected_purchases(x, t_x, T, holdout)}
    models: dict[str, Figures] = {"naive": figures(predictions["naive"], later, None)}
    failed: dict[str, str] = {}
    rhythm = None

    def judged(names: Sequence[str]) -> list[_Judged]:
        """One after the other: the first is where the fit of the next may begin."""
        told: list[_Judged] = []
        for name in names:
            before = told[-1].fit if told else None
            told.append(_judge(name, x, t_x, T, later, holdout, log_intervals, before))
        return told

    for found in _by_name(judged, candidates, is_large=len(x) >= MANY_CUSTOMERS):
        if found.fit is not None and isinstance(found.fit.model, RegularNBD):
            rhythm = found.fit.model.k
        if found.prediction is None:
            failed[found.name] = found.why
            continue
        predictions[found.name] = found.prediction
        models[found.name] = figures(found.prediction, later, found.log_score)
    for name, model in (given or {}).items():
        predictions[name] = model.expected_purchases(x, t_x, T, holdout)
        models[name] = figures(
            predictions[name], later, model.log_p_count(later, x, t_x, T, holdout)
        )
    chosen, because, for_p_alive = _choose(models)
    return Evaluation(
        customers=len(x),
        holdout_units=holdout,
        models=models,
        chosen=chosen,
        chosen_because=because,
        for_p_alive=for_p_alive,
        failed=failed,
        calibration={name: calibration(own, later) for name, own in predictions.items()},
        rhythm=rhythm,
    )


def _choose(models: Mapping[str, Figures]) -> tuple[str, str, str | None]:
    scored = {name: own.log_score for name, own in models.items() if own.log_score is not None}
    if not scored:
        return "naive", "no_other", None
    best = max(scored, key=lambda name: scored[name])
    if models["naive"].rmse < models[best].rmse:
        leaving = [name for name in scored if name != NBD.name]  # NBD knows nobody who left
        return "naive", "rmse", max(leaving, key=lambda name: scored[name], default=best)
    return best, "log_score", best


def figures(predicted: Vector, later: NDArray[Any], log_score: Vector | None) -> Figures:
    """The figures of predictions against what came."""
    actual = np.asarray(later, dtype=np.float64)
    total, came = float(predicted.sum()), float(actual.sum())
    error = predicted - actual
    some = len(actual) > 0
    return Figures(
        total=total,
        actual=came,
        bias=total / came - 1 if came else None,
        mae=float(np.abs(error).mean()) if some else 0.0,
        rmse=float(np.sqrt((error**2).mean())) if some else 0.0,
        log_score=None if log_score is None or not some else float(log_score.mean()),
        spearman=_spearman(predicted, actual),
        top10_share=_top_share(predicted, actual, 0.1),
    )


def _spearman(one: Vector, other: Vector) -> float | None:
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(ranks(one), ranks(other))[0, 1])


def _top_share(predicted: Vector, actual: Vector, share: float) -> float | None:
    """Share of `actual` in the top by prediction; customers with equal predictions count alike."""
    if actual.sum() <= 0:
        return None
    top = int(len(predicted) * share)
    order = np.argsort(-predicted, kind="stable")
    border = predicted[order[max(top - 1, 0)]]
    above, level = predicted > border, predicted == border
    part = (top - above.sum()) / level.sum()
    return float((actual[above].sum() + part * actual[level].sum()) / actual.sum())


def calibration(predicted: Vector, later: NDArray[Any]) -> tuple[Mapping[str, float], ...]:
    """Expected and actual purchases by tenth of customers, the lowest predictions first."""
    parts = np.array_split(np.argsort(predicted, kind="stable"), 10)
    return tuple(
        {
            "decile": k + 1,
            "customers": len(part),
            "expected": float(predicted[part].sum()),
            "actual": float(np.asarray(later)[part].sum()),
        }
        for k, part in enumerate(parts)
        if len(part)
    )
