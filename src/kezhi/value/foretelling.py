"""The coming years of every customer: choice of the models, their fit, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.by_season import Seasons, seasons_of
from kezhi.value.choosing import SHARED, Choice, choose, with_segments
from kezhi.value.durations import DAYS, DAYS_PER_YEAR, days_in
from kezhi.value.potential import gamma_gamma, shrunk_mean
from kezhi.value.potential.choose import DEFAULT, EVERYBODY, FITS, Evaluation, fit_named
from kezhi.value.potential.continuation import Buyers, Horizon, SpendModel, continuation
from kezhi.value.potential.covariates import fit_of
from kezhi.value.potential.few import most_purchases
from kezhi.value.potential.fitting import CannotFit, Diagnostics, Fit
from kezhi.value.potential.naive import Naive
from kezhi.value.potential.purchase_model import PurchaseModel
from kezhi.value.potential.regular import RegularNBD
from kezhi.value.potential.spend_dependence import Dependence, spend_dependence
from kezhi.value.realised import Realised
from kezhi.value.summary import Summary

if TYPE_CHECKING:
    from kezhi.value.facts import OpenFacts
    from kezhi.value.measure import Settings

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Foretelling:
    """Models and what they say per customer (NaN for those who never bought).

    `model` foretells purchases, `probabilities` gives P(alive): they differ where the naive rule won.
    `choice` is the evaluation that the model was chosen by, `later` the same on a later window.
    `rhythm` is k of MBG/CNBD-k, None where it isn't known. `next_day` is 0 where no purchase is likely
    within the horizon. `expected_12m`, purchases of 12 months, is told where growth potential asks for it.
    `seasons` is the clock that times were counted by: the calendar, unless the
    settings ask for seasons; `recency` and `age` are t_x and T by it. `segments` tells of those whose
    contest was held.
    """

    model: PurchaseModel | Naive
    probabilities: PurchaseModel | None
    diagnostics: Diagnostics | None
    spend: SpendModel
    spend_diagnostics: Diagnostics | None
    correlation: float | None
    dependence: Dependence | None
    choice: Evaluation | None
    later: Evaluation | None
    holdout_days: int | None
    failed: dict[str, str]
    rhythm: int | None
    seasons: Seasons
    segments: tuple[OfSegment, ...]
    recency: Vector
    age: Vector
    p_alive: Vector
    p_purchase_12m: Vector
    expected_purchases: Vector
    expected_12m: Vector
    expected_spend: Vector
    next_day: NDArray[np.int64]
    continuation: Vector
    mean_low: Vector
    mean_high: Vector
    outcome_low: Vector
    outcome_high: Vector
    total_low: float
    total_high: float


@dataclass(frozen=True, slots=True)
class OfSegment:
    """A segment whose contest on the hold-out was held, and what foretells its customers.

    Where the model of all customers did better, it is that one.
    """

    segment: str
    customers: int
    model: PurchaseModel | Naive
    probabilities: PurchaseModel | None
    diagnostics: Diagnostics | None
    choice: Evaluation


def foretell(
    arrays: OpenFacts,
    summary: Summary,
    past: Realised,
    settings: Settings,
    tell: Callable[[str, float], None],
) -> Foretelling:
    """Choose, fit and apply the models to the customers who bought."""
    bought, today = summary.bought, _day(summary)
    contest = choose(arrays, summary, settings, today)
    choice = contest.first
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
    everybody = _Part.of(wanted, fit, np.ones(len(x), dtype=np.bool_))
    parts, segments = _parts(everybody, arrays, bought, contest, x, t_x, T)
    spending = _spend(summary)
    spend, spend_diagnostics = spending.model, spending.diagnostics
    tell("continuation", 0.6)
    buyers = _buyers(summary, past, settings, x, t_x, T)
    horizon = Horizon.of_months(
        settings.horizon_months,
        settings.unit,
        settings.annual_rate,
        clock=seasons.clock,
        day=today,
    )
    year = seasons.ahead(today, DAYS_PER_YEAR, settings.unit)
    figures = {name: np.full(len(bought), np.nan) for name in _FIGURES}
    next_day = np.zeros(len(bought), dtype=np.int64)
    total, wide = 0.0, np.zeros(2)
    for part in parts:
        found = continuation(
            buyers.of(part.who),
            part.model,
            spend,
            horizon,
            rng=np.random.default_rng(settings.seed),
            diagnostics=part.diagnostics,
            spend_diagnostics=spend_diagnostics,
            upkeep_per_unit=settings.upkeep_per_month * days_in(settings.unit) / DAYS["month"],
            level=settings.interval_level,
        )
        own = np.flatnonzero(bought)[part.who]
        if arrays.prospects is not None:
            times = x[part.who], t_x[part.who], T[part.who]
            figures["expected_12m"][own] = part.model.expected_purchases(*times, year)
        for name in _FIGURES[3:]:
            figures[name][own] = getattr(found, name)
        here = float(found.continuation.sum())
        total += here
        # The models of segments are unsure each for itself.
        wide += np.square([here - found.total_low, found.total_high - here])
        if part.probabilities is not None:
            times = x[part.who], t_x[part.who], T[part.who]
            figures["p_alive"][own] = part.probabilities.p_alive(*times)
            figures["p_purchase_12m"][own] = part.probabilities.p_purchase(*times, year)
            waits = part.probabilities.median_wait(*times)
            next_day[own] = _next_day(waits, today, settings, seasons)
    low, high = total - np.sqrt(wide[0]), total + np.sqrt(wide[1])
    if everybody.probabilities is None and len(x):
        most = _most(buyers, spend, horizon, settings.interval_level)
        for name in ("mean_high", "outcome_high"):
            figures[name][bought] = np.maximum(figures[name][bought], most)
        high = max(high, float(most.sum()))
    return Foretelling(
        model=everybody.model,
        probabilities=everybody.probabilities,
        diagnostics=everybody.diagnostics,
        spend=spend,
        spend_diagnostics=spend_diagnostics,
        correlation=spending.correlation,
        dependence=spending.dependence,
        choice=choice,
        later=contest.later,
        holdout_days=contest.holdout_days,
        failed=failed,
        rhythm=_rhythm(everybody.probabilities, choice),
        seasons=seasons,
        segments=segments,
        recency=_of_all(t_x, bought) if seasons.are_told else summary.recency,
        age=_of_all(T, bought) if seasons.are_told else summary.age,
        next_day=next_day,
        total_low=float(low),
        total_high=float(high),
        **figures,
    )


_FIGURES = (
    "p_alive",
    "p_purchase_12m",
    "expected_12m",
    "expected_purchases",
    "expected_spend",
    "continuation",
    "mean_low",
    "mean_high",
    "outcome_low",
    "outcome_high",
)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of the customers who bought, and what foretells them."""

    model: PurchaseModel | Naive
    probabilities: PurchaseModel | None
    diagnostics: Diagnostics | None
    who: NDArray[np.bool_]

    @classmethod
    def of(cls, wanted: str, fit: Fit[PurchaseModel] | None, who: NDArray[np.bool_]) -> _Part:
        if fit is None:
            return cls(Naive(), None, None, who)
        model = Naive() if wanted == "naive" else fit.model
        return cls(model, fit.model, fit.diagnostics, who)


def _parts(
    everybody: _Part,
    arrays: OpenFacts,
    bought: NDArray[np.bool_],
    contest: Choice,
    x: Vector,
    t_x: Vector,
    T: Vector,
) -> tuple[list[_Part], tuple[OfSegment, ...]]:
    """Segments that have a model of their own, the others together, and what is told of each."""
    if not contest.by_segment or arrays.segments is None:
        return [everybody], ()
    segment = arrays.segments.of[bought]
    rest = np.ones(len(x), dtype=np.bool_)
    parts, told = [], []
    shared = None
    if any(SHARED in (own.chosen, own.for_p_alive) for own in contest.by_segment.values()):
        shared = with_segments(segment, list(contest.by_segment), x, t_x, T)
    for number, choice in contest.by_segment.items():
        who = segment == number
        name = choice.chosen if choice.chosen != "naive" else choice.for_p_alive or DEFAULT
        own = replace(everybody, who=who)
        if name == SHARED:
            if shared is not None:
                fit: Fit[Any] | None = fit_of(shared, {str(number): 1.0})
                own = _Part.of(choice.chosen, fit, who)
        elif name != EVERYBODY:
            fit, _failed = _fit(name, x[who], t_x[who], T[who], None)
            own = _Part.of(choice.chosen, fit, who)
        elif choice.chosen == "naive":
            own = replace(own, model=Naive())
        if own.model != everybody.model:
            parts.append(own)
            rest &= ~who
        told.append(
            OfSegment(
                arrays.segments.names[number],
                int(who.sum()),
                own.model,
                own.probabilities,
                own.diagnostics,
                choice,
            )
        )
    if rest.any():
        parts.append(replace(everybody, who=rest))
    return parts, tuple(told)


def _most(buyers: Buyers, spend: SpendModel, horizon: Horizon, level: float) -> Vector:
    """What customers may bring although nobody has ever bought again."""
    rate = most_purchases(buyers.T, level)
    present = float(horizon.factors @ np.diff(horizon.times, prepend=0.0))
    each = spend.expected_spend(buyers.paid, buyers.mean_spend)
    net = each * buyers.margin * (1 - buyers.return_rate) - buyers.cost_per_occasion
    return np.maximum(rate * present * net, 0.0)


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


def _of_all(own: Vector, bought: NDArray[np.bool_]) -> Vector:
    """Of those who bought, among all customers."""
    found = np.full(len(bought), np.nan)
    found[bought] = own
    return found


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


@dataclass(frozen=True, slots=True)
class _Spend:
    """The model of spending, and how spend goes with frequency: by figures, and tested."""

    model: SpendModel
    diagnostics: Diagnostics | None
    correlation: float | None
    dependence: Dependence | None = None


def _spend(summary: Summary) -> _Spend:
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
        tested = spend_dependence(fit.model, counts, means)
        return _Spend(fit.model, fit.diagnostics, correlation, tested)
    gross, occasions = float((summary.total + summary.returns).sum()), summary.occasions.sum()
    otherwise = gross / float(occasions) if occasions else 0.0
    return _Spend(shrunk_mean.fit(counts, means, otherwise=otherwise), None, correlation)


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


def _next_day(waits: Vector, today: int, settings: Settings, seasons: Seasons) -> NDArray[np.int64]:
    """The day until which the next purchase comes, more likely than not; 0 beyond the horizon."""
    days = waits * days_in(settings.unit)
    if seasons.clock is not None:
        days = seasons.clock.day_after(today, days) - today
    near = days <= settings.horizon_months * DAYS["month"]
    ahead = np.where(near, np.ceil(np.where(near, days, 0.0)), 0).astype(np.int64)
    return np.where(near, today + np.maximum(ahead, 1), 0)
