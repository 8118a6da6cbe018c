"""What a run says about itself: models, plots, concentration, cohorts, warnings, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.cohorts import Activity
from kezhi.value.concentration import concentration
from kezhi.value.durations import DAYS, days_in
from kezhi.value.facts import OpenFacts
from kezhi.value.foretelling import Foretelling, OfSegment
from kezhi.value.index.tree import FrozenTree
from kezhi.value.matrix import QUADRANTS, Placing
from kezhi.value.plain import to_plain
from kezhi.value.potential.choose import EVERYBODY, Evaluation
from kezhi.value.reading import EPOCH
from kezhi.value.realised import Realised
from kezhi.value.summary import Summary
from kezhi.value.tiers import Tiering
from kezhi.value.wallet.growth import FEW as FEW_PEERS
from kezhi.value.wallet.growth import Growth

Vector = NDArray[np.float64]
Plain = dict[str, Any]

FEW_CUSTOMERS = 30
FREQUENT = 10
"""Repeat occasions from which on the histogram of frequencies has one bar."""


def run_facts(
    *,
    as_of: date,
    settings: Mapping[str, Any],
    arrays: OpenFacts,
    activity: Activity,
    summary: Summary,
    past: Realised,
    coming: Foretelling,
    growth: Growth,
    rows: Mapping[str, Vector],
    tree: FrozenTree,
    tiering: Tiering,
    placing: Placing,
) -> Plain:
    """The fields of `measure.RunFacts`."""
    figures = coming.later or coming.choice
    chosen = coming.model.name
    return {
        "as_of": as_of,
        "settings": settings,
        "summary": _summary(arrays, summary),
        "model": _model(coming),
        "spend": _spend(coming),
        "evaluation": _evaluation(coming.choice, coming.holdout_days),
        "report": _figures(coming.later, chosen),
        "calibration": () if figures is None else figures.calibration.get(chosen, ()),
        "tracking": _tracking(summary, coming),
        "frequencies": _frequencies(summary, coming),
        "growth": growth.as_json(),
        "concentration": _concentration(summary, past, rows),
        "cohorts": _cohorts(activity),
        "matrix": _matrix(placing, rows),
        "tree": to_plain(tree),
        "tiers": _tiers(tiering, rows),
        "totals": _totals(past, rows, coming),
        "warnings": tuple(_warnings(arrays, summary, past, coming, growth)),
    }


def _summary(arrays: OpenFacts, summary: Summary) -> Plain:
    bought = summary.bought
    some = bool(bought.any())
    return {
        "customers": len(bought),
        "buyers": int(bought.sum()),
        "repeat_customers": int((summary.repeats > 0).sum()),
        "occasions": int(summary.occasions.sum()),
        "lines": arrays.line_count,
        "later_lines": arrays.later,
        "first_on": _date(int(summary.first_day[bought].min())) if some else None,
        "last_on": _date(int(summary.last_day[bought].max())) if some else None,
        "revenue": float(summary.total.sum()),
        "returns": float(summary.returns.sum()),
        "unit": summary.unit,
    }


def _date(day: int) -> str:
    return str(np.datetime64(day, "D"))


def _model(coming: Foretelling) -> Plain:
    known = coming.probabilities
    return {
        "chosen": coming.model.name,
        "for_p_alive": None if known is None else known.name,
        "parameters": {} if known is None else known.parameters,
        "standard_errors": (
            {} if coming.diagnostics is None else to_plain(coming.diagnostics.standard_errors)
        ),
        "diagnostics": to_plain(coming.diagnostics),
        "failed": coming.failed,
        "rhythm": coming.rhythm,
        "season": to_plain(coming.seasons.season),
        "segments": [_segment(own) for own in coming.segments],
    }


def _segment(own: OfSegment) -> Plain:
    known = own.probabilities
    return {
        "segment": own.segment,
        "customers": own.customers,
        "won": own.choice.chosen,
        "chosen": own.model.name,
        "is_of_all": own.choice.chosen == EVERYBODY,
        "for_p_alive": None if known is None else known.name,
        "parameters": {} if known is None else known.parameters,
        "diagnostics": to_plain(own.diagnostics),
        "chosen_because": own.choice.chosen_because,
        "models": {name: asdict(figures) for name, figures in own.choice.models.items()},
        "failed": dict(own.choice.failed),
    }


def _spend(coming: Foretelling) -> Plain:
    own = coming.spend_diagnostics
    return {
        "model": coming.spend.name,
        "parameters": coming.spend.parameters,
        "standard_errors": {} if own is None else to_plain(own.standard_errors),
        "diagnostics": to_plain(own),
        "mean_spend": coming.spend.mean_spend,
        "correlation": coming.correlation,
        "dependence": to_plain(coming.dependence),
    }


def _evaluation(found: Evaluation | None, holdout_days: int | None) -> Plain | None:
    if found is None or holdout_days is None:
        return None
    return {
        "holdout_months": holdout_days / DAYS["month"],
        "customers": found.customers,
        "chosen": found.chosen,
        "chosen_because": found.chosen_because,
        "for_p_alive": found.for_p_alive,
        "rhythm": found.rhythm,
        "models": {name: asdict(own) for name, own in found.models.items()},
        "failed": dict(found.failed),
    }


def _figures(found: Evaluation | None, name: str) -> Plain | None:
    if found is None or name not in found.models:
        return None
    return asdict(found.models[name])


def _tracking(summary: Summary, coming: Foretelling) -> tuple[Plain, ...]:
    """Cumulated repeat purchases by week since the first purchase of all, actual and expected."""
    bought = summary.bought
    if not bought.any():
        return ()
    start = int(summary.first_day[bought].min())
    today = (summary.until - EPOCH).days
    ends = np.arange(start + 6, today + 1, 7)
    if len(ends) == 0 or ends[-1] < today:
        ends = np.append(ends, today)
    actual = np.cumsum(summary.repeats_by_day)
    expected: Vector | None = None
    if coming.probabilities is not None:
        births = np.bincount(summary.first_day[bought] - start, minlength=today - start + 1)
        clock = coming.seasons.clock
        days = np.arange(start, today + 1)
        shown = days - start if clock is None else clock.between(start, days)
        ages = np.arange(int(np.ceil(shown[-1])) + 1)
        of_one = coming.probabilities.expected_of_new(ages / days_in(summary.unit))
        expected = np.array(
            [
                births[: k + 1] @ np.interp(shown[k] - shown[: k + 1], ages, of_one)
                for k in (ends - start).tolist()
            ]
        )
    return tuple(
        {
            "week": k + 1,
            "until": _date(int(end)),
            "actual": int(actual[int(end) - summary.since]),
            "expected": None if expected is None else float(expected[k]),
        }
        for k, end in enumerate(ends)
    )


def _frequencies(summary: Summary, coming: Foretelling) -> tuple[Plain, ...]:
    bought = summary.bought
    if not bought.any():
        return ()
    actual = np.bincount(np.minimum(summary.repeats[bought], FREQUENT), minlength=FREQUENT + 1)
    expected: list[float | None] = [None] * (FREQUENT + 1)
    if coming.probabilities is not None:
        today, first = (summary.until - EPOCH).days, summary.first_day[bought]
        lived = coming.seasons.since(first, today, summary.unit)
        ages, customers = np.unique(lived, return_counts=True)
        counts = np.arange(FREQUENT)
        found = coming.probabilities.p_count_of_new(counts[:, None], ages) @ customers
        expected = [*found.tolist(), float(customers.sum() - found.sum())]
    return tuple(
        {"repeats": k, "or_more": k == FREQUENT, "actual": int(actual[k]), "expected": expected[k]}
        for k in range(FREQUENT + 1)
    )


def _concentration(summary: Summary, past: Realised, rows: Mapping[str, Vector]) -> Plain:
    """Of revenue and current value among buyers; of realised value (the whale curve) among all."""
    bought = summary.bought
    return {
        "revenue": to_plain(concentration(past.revenue[bought])),
        "current_value": to_plain(concentration(rows["current_value"])),
        "realised_value": to_plain(concentration(past.value)),
    }


def _cohorts(activity: Activity) -> tuple[Plain, ...]:
    return tuple(
        {
            "month": cohort.month,
            "size": cohort.size,
            "active": list(cohort.active),
            "retention": list(cohort.retention),
        }
        for cohort in activity.cohorts()
    )


def _matrix(placing: Placing, rows: Mapping[str, Vector]) -> Plain:
    matrix, quadrants = placing.matrix, {}
    for position, name in enumerate(QUADRANTS):
        inside = matrix.quadrant == position
        quadrants[name] = {
            "customers": int(inside.sum()),
            "contribution_12m": float(rows["contribution_12m"][inside].sum()),
            "current_value": float(rows["current_value"][inside].sum()),
            "potential_value": float(rows["potential_value"][inside].sum()),
            "growth_value": float(np.nansum(rows["growth_value"][inside])),
        }
    return {
        "across": placing.across,
        "up": placing.up,
        "current_border": matrix.current_border,
        "potential_border": matrix.potential_border,
        "third": placing.third,
        "third_border": placing.third_border,
        "quadrants": quadrants,
    }


def _tiers(tiering: Tiering, rows: Mapping[str, Vector]) -> Plain:
    current = np.nan_to_num(rows["current_value"])
    return {
        "names": list(tiering.names),
        "floors": to_plain(tiering.floors),
        "customers": {name: int((tiering.tier == k).sum()) for k, name in enumerate(tiering.names)},
        "current_value": {
            name: float(current[tiering.tier == k].sum()) for k, name in enumerate(tiering.names)
        },
    }


SUMMED = (
    "total",
    "revenue_12m",
    "contribution_12m",
    "realised_value",
    "expected_purchases",
    "continuation_value",
    "growth_value",
    "current_value",
    "potential_value",
    "value_at_risk",
)


def _totals(past: Realised, rows: Mapping[str, Vector], coming: Foretelling) -> Plain:
    totals = {name: float(np.nansum(rows[name])) for name in SUMMED}
    totals["continuation_low"], totals["continuation_high"] = coming.total_low, coming.total_high
    totals["cost_of_goods"] = float(past.cost_of_goods.sum())
    totals["cost_to_serve"] = float(past.cost_to_serve.sum())
    return totals


def _warnings(
    arrays: OpenFacts, summary: Summary, past: Realised, coming: Foretelling, growth: Growth
) -> list[Plain]:
    """What a reader of the figures must know; `key` is stable, `detail` are figures for the text."""
    found: list[Plain] = []

    def warn(key: str, **detail: Any) -> None:
        found.append({"key": key, "detail": detail})

    buyers = int(summary.bought.sum())
    if buyers == 0:
        warn("no_buyers")
        return found
    if buyers < FEW_CUSTOMERS:
        warn("few_customers", buyers=buyers)
    if arrays.later:
        warn("later_lines", lines=arrays.later)
    if coming.probabilities is None:
        warn("no_model", reasons=dict(coming.failed))
    elif coming.choice is None:
        warn("history_too_short", model=coming.model.name)
    elif coming.choice.chosen == "naive":
        warn("naive_wins", for_p_alive=coming.choice.for_p_alive)
    if coming.seasons.lacking is not None:
        warn("season_unknown", reason=coming.seasons.lacking)
    if coming.diagnostics is not None:
        if coming.diagnostics.penalty > 0:
            warn("weak_penalty", customers=coming.diagnostics.customers)
        for key in coming.diagnostics.degenerate:
            warn(key, model=coming.probabilities.name if coming.probabilities else None)
    if coming.spend.name != "gamma-gamma":
        warn("spend_fallback", model=coming.spend.name)
    elif coming.correlation is not None and (
        abs(coming.correlation) > 0.3
        or (coming.dependence is not None and coming.dependence.matters)
    ):
        warn("spend_depends_on_frequency", correlation=coming.correlation)
    if growth.frontier is not None and growth.winning is not None:
        behind = min(growth.frontier.customers, growth.winning.customers)
        if behind < FEW_PEERS:
            warn("growth_few", customers=behind)
    estimated = int((past.is_estimate & summary.bought).sum())
    if estimated:
        warn("margin_estimated", customers=estimated)
    return found
