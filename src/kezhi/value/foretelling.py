"""The coming years of every customer: choice of the models, their fit, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.by_season import Seasons, seasons_of
from kezhi.value.durations import DAYS, DAYS_PER_YEAR, days_in
from kezhi.value.potential import gamma_gamma, shrunk_mean
from kezhi.value.potential.choose import DEFAULT, FITS, Evaluation, evaluate, fit_named
from kezhi.value.potential.continuation import Buyers, Horizon, SpendModel, continuation
from kezhi.value.potential.fitting import CannotFit, Diagnostics, Fit
from kezhi.value.potential.naive import Naive
from kezhi.value.potential.purchase_model import PurchaseModel
from kezhi.value.potential.regular import RegularNBD
from kezhi.value.realised import Realised
from kezhi.value.summary import Summary, sum_of_logs

if TYPE_CHECKING:
    from kezhi.value.facts import FactArrays
    from kezhi.value.measure import Settings

Vector = NDArray[np.float64]

LEAST_REPEATING = 20
"""Repeat customers at the start of a hold-out below which nothing is chosen by it."""


@dataclass(frozen=True, slots=True)
class Foretelling:
    """Models and what they say per customer (NaN for those who never bought).

    `model` foretells purchases, `probabilities` gives P(alive): they differ where the naive rule won.
    `choice` is the evaluation that the model was chosen by, `later` the same on a later window.
    `rhythm` is k of MBG/CNBD-k, None where it isn't known. `next_day` is 0 where no purchase is likely
    within the horizon. `seasons` is the clock that times were counted by: the calendar, unless the
    settings ask for seasons.
    """

    model: PurchaseModel | Naive
    probabilities: PurchaseModel | None
    diagnostics: Diagnostics | None
    spend: SpendModel
    spend_diagnostics: Diagnostics | None
    correlation: float | None
    choice: Evaluation | None
    later: Evaluation | None
    holdout_days: int | None
    failed: dict[str, str]
    rhythm: int | None
    seasons: Seasons
    p_alive: Vector
    p_purchase_12m: Vector
    expected_purchases: Vector
    expected_spend: Vector
    next_day: NDArray[np.int64]
    continuation: Vector
    mean_low: Vector
    mean_high: Vector
    outcome_low: Vector
    outcome_high: Vector


def foretell(
    arrays: FactArrays,
    summary: Summary,
    past: Realised,
    settings: Settings,
    tell: Callable[[str, float], None],
) -> Foretelling:
    """Choose, fit and apply the models to the customers who bought."""
    bought = summary.bought
    today = _day(summary)
    choice, later, holdout = _choose(arrays, summary, settings)
    tell("fit", 0.5)
    seasons = seasons_of(summary, settings.unit, today, settings.season)
    x, t_x, T = _counts(summary, seasons)
    wanted = settings.model
    if wanted == "auto":
        wanted = choice.chosen if choice is not None else DEFAULT  # type: ignore[assignment]
    best = choice.for_p_alive if choice is not None else None
    # The times between purchases are known by the calendar only.
    intervals = None if seasons.are_told else summary.log_intervals
    fit, failed = _fit(wanted if wanted != "naive" else best or DEFAULT, x, t_x, T, intervals)
    spend, spend_diagnostics, correlation = _spend(summary)
    tell("continuation", 0.6)
    probabilities = None if fit is None else fit.model
    model: PurchaseModel | Naive = Naive() if wanted == "naive" or fit is None else fit.model
    buyers = _buyers(summary, past, settings, x, t_x, T)
    found = continuation(
        buyers,
        model,
        spend,
        Horizon.of_months(
            settings.horizon_months,
            settings.unit,
            settings.annual_rate,
            clock=seasons.clock,
            day=today,
        ),
        rng=np.random.default_rng(settings.seed),
        diagnostics=None if fit is None else fit.diagnostics,
        spend_diagnostics=spend_diagnostics,
        upkeep_per_unit=settings.upkeep_per_month * days_in(settings.unit) / DAYS["month"],
        level=settings.interval_level,
    )

    def spread(figures: NDArray[Any]) -> Vector:
        everybody = np.full(len(bought), np.nan)
        everybody[bought] = figures
        return everybody

    unknown = np.full(len(x), np.nan)
    alive = unknown if probabilities is None else probabilities.p_alive(x, t_x, T)
    year = seasons.ahead(today, DAYS_PER_YEAR, settings.unit)
    buys = unknown if probabilities is None else probabilities.p_purchase(x, t_x, T, year)
    return Foretelling(
        model=model,
        probabilities=probabilities,
        diagnostics=None if fit is None else fit.diagnostics,
        spend=spend,
        spend_diagnostics=spend_diagnostics,
        correlation=correlation,
        choice=choice,
        later=later,
        holdout_days=holdout,
        failed=failed,
        rhythm=_rhythm(probabilities, choice),
        seasons=seasons,
        p_alive=spread(alive),
        p_purchase_12m=spread(buys),
        expected_purchases=spread(found.expected_purchases),
        expected_spend=spread(found.expected_spend),
        next_day=_next_day(probabilities, summary, settings, seasons),
        continuation=spread(found.continuation),
        mean_low=spread(found.mean_low),
        mean_high=spread(found.mean_high),
        outcome_low=spread(found.outcome_low),
        outcome_high=spread(found.outcome_high),
    )


def _rhythm(model: PurchaseModel | None, choice: Evaluation | None) -> int | None:
    if isinstance(model, RegularNBD):
        return model.k
    return None if choice is None else choice.rhythm


def _counts(summary: Summary, seasons: Seasons) -> tuple[Vector, Vector, Vector]:
    """x, t_x and T of those who bought."""
    bought = summary.bought
    if not seasons.are_told:
        x = summary.repeats.astype(np.float64)
        return x[bought], summary.recency[bought], summary.age[bought]
    first, last = summary.first_day[bought], summary.last_day[bought]
    times = seasons.times(summary.occasions[bought], first, last, _day(summary), summary.unit)
    return times.x, times.t_x, times.T


def _choose(
    arrays: FactArrays, summary: Summary, settings: Settings
) -> tuple[Evaluation | None, Evaluation | None, int | None]:
    """Chosen on one window and reported on the next, where the history is long enough for both."""
    bought = summary.bought
    if not bought.any():
        return None, None, None
    today = _day(summary)
    span = today - int(summary.first_day[bought].min())
    if settings.holdout_months is None:
        holdout = int(min(max(span / 4, 2 * DAYS["month"]), 12 * DAYS["month"]))
    else:
        holdout = round(settings.holdout_months * DAYS["month"])
    if span < 3 * holdout:
        return None, None, None
    first = None
    if span >= 4 * holdout:
        first = _judged(arrays, settings, today - 2 * holdout, today - holdout)
    if first is None:
        return _judged(arrays, settings, today - holdout, today), None, holdout
    chosen = {first.chosen, first.for_p_alive, settings.model}
    last = _judged(arrays, settings, today - holdout, today, chosen)
    return (first, last, holdout) if last is not None else (first, None, holdout)


def _judged(
    arrays: FactArrays,
    settings: Settings,
    cut: int,
    until: int,
    candidates: Collection[str | None] = tuple(FITS),
) -> Evaluation | None:
    early, late = arrays.occasions(cut), arrays.occasions(until)
    there = early.count > 0
    if int((early.count > 1).sum()) < LEAST_REPEATING:
        return None
    seasons = seasons_of(early, settings.unit, cut, settings.season)
    first, last = early.first_day[there], early.last_day[there]
    times = seasons.times(early.count[there], first, last, cut, settings.unit)
    gaps = None if seasons.are_told else sum_of_logs(early.repeats_by_gap, settings.unit)
    return evaluate(
        times.x,
        times.t_x,
        times.T,
        (late.count - early.count)[there],
        seasons.ahead(cut, until - cut, settings.unit),
        log_intervals=gaps,
        candidates=[name for name in candidates if name is not None],
    )


def _day(summary: Summary) -> int:
    from kezhi.value.reading import EPOCH

    return (summary.until - EPOCH).days


def _fit(
    name: str, x: Vector, t_x: Vector, T: Vector, log_intervals: float | None
) -> tuple[Fit[PurchaseModel] | None, dict[str, str]]:
    """The fit of the named model, of another where it can't be had, or None."""
    failed: dict[str, str] = {}
    for candidate in (name, *(other for other in FITS if other != name)):
        try:
            found = fit_named(candidate, x, t_x, T, log_intervals=log_intervals)
        except CannotFit as reason:
            failed[candidate] = str(reason)
        else:
            return found, failed
    return None, failed


def _spend(summary: Summary) -> tuple[SpendModel, Diagnostics | None, float | None]:
    """Gamma-Gamma, or the shrunk mean where it can't be fitted or has no mean (q ≤ 1)."""
    paying = summary.paid_repeats > 0
    counts = summary.paid_repeats[paying].astype(np.float64)
    means = summary.mean_spend[paying]
    correlation = None
    if len(counts) > 2 and np.ptp(counts) > 0 and np.ptp(means) > 0:
        correlation = float(np.corrcoef(counts, means)[0, 1])
    try:
        fit = gamma_gamma.fit(counts, means)
    except CannotFit:
        fit = None
    if fit is not None and fit.model.q > 1:
        return fit.model, fit.diagnostics, correlation
    gross, occasions = float((summary.total + summary.returns).sum()), summary.occasions.sum()
    otherwise = gross / float(occasions) if occasions else 0.0
    return shrunk_mean.fit(counts, means, otherwise=otherwise), None, correlation


def _buyers(
    summary: Summary, past: Realised, settings: Settings, x: Vector, t_x: Vector, T: Vector
) -> Buyers:
    bought = summary.bought
    occasions = np.maximum(summary.occasions, 1)
    serving = (
        past.cost_to_serve / occasions
        if settings.cost_per_occasion is None
        else np.full(len(bought), settings.cost_per_occasion)
    )
    return Buyers(
        x=x,
        t_x=t_x,
        T=T,
        paid=summary.paid_repeats[bought].astype(np.float64),
        mean_spend=summary.mean_spend[bought],
        margin=past.margin_rate[bought],
        return_rate=summary.return_rate[bought],
        cost_per_occasion=serving[bought],
    )


def _next_day(
    model: PurchaseModel | None, summary: Summary, settings: Settings, seasons: Seasons
) -> NDArray[np.int64]:
    """The day until which the next purchase comes, more likely than not."""
    found = np.zeros(len(summary.repeats), dtype=np.int64)
    if model is None:
        return found
    bought, today = summary.bought, _day(summary)
    days = model.median_wait(*_counts(summary, seasons)) * days_in(settings.unit)
    if seasons.clock is not None:
        days = seasons.clock.day_after(today, days) - today
    near = days <= settings.horizon_months * DAYS["month"]
    ahead = np.where(near, np.ceil(np.where(near, days, 0.0)), 0).astype(np.int64)
    found[bought] = np.where(near, today + np.maximum(ahead, 1), 0)
    return found
