"""Which model foretells a company's customers: judged on hold-outs, for all and by segment.

A model is chosen on one window and reported on the next, where the history is long enough for both.
Where the facts say which segment a customer belongs to, segments with enough repeat customers hold a
contest of their own: models fitted to the segment alone, the naive rule, the model of all, and the
model of all with the segment as a covariate, which shares what segments have in common.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kezhi.value.by_season import seasons_of
from kezhi.value.durations import DAYS
from kezhi.value.potential.choose import EVERYBODY, FITS, Evaluation, evaluate, fit_named
from kezhi.value.potential.covariates import WithCovariates, fit_of
from kezhi.value.potential.covariates import fit as fit_with_covariates
from kezhi.value.potential.fitting import CannotFit, Fit
from kezhi.value.potential.mbg_nbd import MBGNBD
from kezhi.value.potential.purchase_model import PurchaseModel
from kezhi.value.potential.regular import RegularNBD
from kezhi.value.summary import Summary, sum_of_logs

if TYPE_CHECKING:
    from kezhi.value.facts import OpenFacts, Plan
    from kezhi.value.measure import Settings

Vector = NDArray[np.float64]

LEAST_REPEATING = 20
"""Repeat customers at the start of a hold-out below which nothing is chosen by it."""
LEAST_IN_SEGMENT = 200
"""The same for a segment, unless the settings say otherwise: below, its customers are foretold by the
model of all."""
MOST_SEGMENTS = 24
"""The largest segments hold contests; more of them would take too long."""
MOST_COVARIATES = 8
"""The largest of these are covariates of the model that segments share."""
MANY = 200_000
"""Customers from which on the model that segments share would take too long to fit; with so many of
them a segment has enough of its own."""
MOST_JUDGED = 250_000
"""Customers by whom a model is chosen, where another window reports on all: more of them take their time and
choose no better, since what tells models apart grows with the number and its error with the root of it."""
SHARED = "mbg-nbd+segment"
"""The model of all customers with the segment as a covariate, in the contest of a segment."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`first` chose the model, `later` reports on the window after it; None where nothing could be
    judged. `by_segment` holds the contests of segments, by their number in the facts, the largest
    first."""

    first: Evaluation | None
    later: Evaluation | None
    holdout_days: int | None
    by_segment: Mapping[int, Evaluation]


@dataclass(frozen=True, slots=True)
class _Window:
    """Customers who had bought before a hold-out, and what they bought in it."""

    there: NDArray[np.bool_]
    x: Vector
    t_x: Vector
    T: Vector
    later: NDArray[np.int64]
    ahead: float
    log_intervals: float | None

    def at_most(self, customers: int) -> _Window:
        """So many customers, spread evenly over all of them (who lie in the order of their ids)."""
        count = len(self.x)
        if count <= customers:
            return self
        rows = np.arange(customers, dtype=np.int64) * count // customers
        there = np.zeros_like(self.there)
        there[np.flatnonzero(self.there)[rows]] = True
        x, log_intervals = self.x[rows], self.log_intervals
        if log_intervals is not None:
            # Known of all together only: a part has as many gaps as repeats, of the same lengths on average.
            log_intervals *= float(x.sum()) / float(self.x.sum())
        return replace(
            self,
            there=there,
            x=x,
            t_x=self.t_x[rows],
            T=self.T[rows],
            later=self.later[rows],
            log_intervals=log_intervals,
        )

    def judge(self, candidates: Collection[str]) -> Evaluation:
        return evaluate(
            self.x,
            self.t_x,
            self.T,
            self.later,
            self.ahead,
            log_intervals=self.log_intervals,
            candidates=candidates,
        )


def choose(arrays: OpenFacts, summary: Summary, settings: Settings, today: int) -> Choice:
    """The contests that the history of the company allows."""
    bought = summary.bought
    if not bought.any():
        return Choice(None, None, None, {})
    span = today - int(summary.first_day[bought].min())
    holdout = _holdout_days(span, settings.holdout_months)
    if span < 3 * holdout:
        return Choice(None, None, None, {})
    window = None
    if span >= 4 * holdout:
        window = _window(arrays, settings, today - 2 * holdout, today - holdout)
    if window is None:
        window = _window(arrays, settings, today - holdout, today)
        if window is None:
            return Choice(None, None, holdout, {})
        first = window.judge(FITS)
        return Choice(first, None, holdout, _by_segment(arrays, settings, window, first))
    window = window.at_most(MOST_JUDGED)
    first = window.judge(FITS)
    by_segment = _by_segment(arrays, settings, window, first)
    last = _window(arrays, settings, today - holdout, today)
    names = (first.chosen, first.for_p_alive, settings.model)
    later = None if last is None else last.judge([name for name in names if name is not None])
    return Choice(first, later, holdout, by_segment)


def _holdout_days(span: int, months: float | None) -> int:
    """The length of the hold-out in a history of that many days."""
    if months is None:
        return int(min(max(span / 4, 2 * DAYS["month"]), 12 * DAYS["month"]))
    return round(months * DAYS["month"])


def days_asked(first_day: int | None, plan: Plan) -> tuple[int, ...]:
    """The days until which a run will ask for occasions: its own first, then those of the hold-outs.

    `first_day` is that of the first purchase; None where there is none.
    """
    if first_day is None:
        return (plan.today,)
    holdout = _holdout_days(plan.today - first_day, plan.holdout_months)
    if plan.today - first_day < 3 * holdout:
        return (plan.today,)
    return tuple(dict.fromkeys(plan.today - k * holdout for k in range(3)))


def _window(arrays: OpenFacts, settings: Settings, cut: int, until: int) -> _Window | None:
    early, late = arrays.occasions(cut), arrays.occasions(until)
    there = early.count > 0
    if int((early.count > 1).sum()) < LEAST_REPEATING:
        return None
    seasons = seasons_of(early, settings.unit, cut, settings.season)
    first, last = early.first_day[there], early.last_day[there]
    times = seasons.times(early.count[there], first, last, cut, settings.unit)
    return _Window(
        there=there,
        x=times.x,
        t_x=times.t_x,
        T=times.T,
        later=(late.count - early.count)[there].astype(np.int64),
        ahead=seasons.ahead(cut, until - cut, settings.unit),
        log_intervals=(
            None if seasons.are_told else sum_of_logs(early.repeats_by_gap, settings.unit)
        ),
    )


def _by_segment(
    arrays: OpenFacts, settings: Settings, window: _Window, whole: Evaluation
) -> dict[int, Evaluation]:
    """The contests of the segments that are large enough; the company's own rhythm isn't theirs."""
    if arrays.segments is None or settings.model != "auto" or whole.for_p_alive is None:
        return {}
    segment = arrays.segments.of[window.there]
    repeating = np.bincount(
        segment[(segment >= 0) & (window.x > 0)], minlength=len(arrays.segments.names)
    )
    large = np.argsort(-repeating, kind="stable")[:MOST_SEGMENTS]
    large = large[repeating[large] >= settings.segment_least]
    try:
        everybody = fit_named(
            whole.for_p_alive if whole.chosen == "naive" else whole.chosen,
            window.x,
            window.t_x,
            window.T,
            log_intervals=window.log_intervals,
        ).model
    except CannotFit:
        return {}
    shared = with_segments(segment, large.tolist(), window.x, window.t_x, window.T)
    found = {}
    for number in large.tolist():
        given: dict[str, PurchaseModel] = {EVERYBODY: everybody}
        if shared is not None:
            given[SHARED] = fit_of(shared, {str(number): 1.0}).model
        own = segment == number
        found[number] = evaluate(
            window.x[own],
            window.t_x[own],
            window.T[own],
            window.later[own],
            window.ahead,
            candidates=[name for name in FITS if name != RegularNBD.name],
            given=given,
        )
    return found


def with_segments(
    segment: NDArray[np.int32], large: list[int], x: Vector, t_x: Vector, T: Vector
) -> Fit[WithCovariates] | None:
    """MBG/NBD of all customers with the segment as a covariate of buying and leaving.

    The covariates are named by the numbers of the segments, `large` ones first; None where there is
    nothing to tell apart, or the data can't carry it.
    """
    if len(x) > MANY:
        return None
    own = large[:MOST_COVARIATES]
    if np.isin(segment, own).all():
        own = own[1:]  # the first is what the others are compared with
    columns = {str(number): (segment == number).astype(np.float64) for number in own}
    if not columns:
        return None
    try:
        return fit_with_covariates(MBGNBD.name, x, t_x, T, purchase=columns, dropout=columns)
    except CannotFit:
        return None
