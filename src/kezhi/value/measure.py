"""From dated facts to what every customer is worth: the whole pipeline in one call.

`measure(facts, settings, *, as_of, previous=None, progress=None) -> Measurement` takes Arrow tables
and gives Arrow tables back. It reads no clock, no database and no
setting from the air: the same facts, settings and date give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from kezhi.value import report
from kezhi.value.choosing import LEAST_IN_SEGMENT
from kezhi.value.churn import overdue_ratio, value_at_risk
from kezhi.value.classes import LIFECYCLE, LOYALTY, ClassSettings, classify
from kezhi.value.compute.engine import LOCAL, Engine
from kezhi.value.compute.local import Occasions
from kezhi.value.durations import DAYS, Unit
from kezhi.value.facts import Facts, OpenFacts, Plan
from kezhi.value.foretelling import Foretelling, foretell
from kezhi.value.index.tree import DEFAULT_TREE, FrozenTree, IndexTree, freeze
from kezhi.value.matrix import QUADRANTS, MatrixSettings, Placing
from kezhi.value.plain import from_plain, to_plain
from kezhi.value.potential.season import By
from kezhi.value.realised import Realised
from kezhi.value.rfm import RFM, RFMSettings, rfm
from kezhi.value.summary import Summary, dates, nullable, summary_from
from kezhi.value.tiers import NO_TIER, Tiering, TierSettings, assign_tiers
from kezhi.value.wallet.frontier import QUANTILE
from kezhi.value.wallet.growth import BASES, Growth, growth_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "COLUMNS",
    "STAGES",
    "Facts",
    "Measurement",
    "Previous",
    "RunFacts",
    "Settings",
    "measure",
]

Vector = NDArray[np.float64]

Progress = Callable[[str, float], None]
"""Called with the key of the stage that begins (see `STAGES`) and the share of work done so far."""

Model: TypeAlias = Literal[
    "auto", "bg-nbd", "mbg-nbd", "pareto-nbd", "ggom-nbd", "nbd", "mbg-cnbd-k", "naive"
]

STAGES = ("summary", "realised", "choose", "fit", "continuation", "index", "run")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a company decides about the measuring. `as_json` and `from_json` are inverse."""

    unit: Unit = "week"
    """Unit of the models: day, week (7 days) or month (365.25/12 days)."""
    horizon_months: float = 36.0
    """How far continuation value looks ahead."""
    annual_rate: float = 0.10
    """Discount rate of future contributions, per year."""
    margin_rate: float = 0.30
    """Gross margin as a share of revenue for lines without cost and without a rate of their own."""
    compound_rate: float = 0.0
    """Rate per year by which past contributions are carried forward to the day of the run."""
    cost_per_occasion: float | None = None
    """Cost to serve of one purchase occasion; None: each customer's own average so far."""
    upkeep_per_month: float = 0.0
    """Cost of keeping a living customer for a month, bought or not."""
    model: Model = "auto"
    """`auto`: chosen on a hold-out; otherwise the named one."""
    holdout_months: float | None = None
    """Length of the hold-out; None: a quarter of the history, at least 2 and at most 12 months."""
    segment_by: str = ""
    """What the caller tells `Facts.segments` by, kept with the run; "": one contest for all customers."""
    segment_least: float = LEAST_IN_SEGMENT
    """Repeat customers that a segment needs at the start of the hold-out to have a contest of its own."""
    season: By | None = None
    """Indices of the calendar by `month` or `week`; None: customers buy as much at any time of year."""
    frontier_quantile: float = QUANTILE
    """Growth potential reaches for what this share of the customers alike don't exceed."""
    interval_level: float = 0.80
    """Coverage of both intervals."""
    seed: int = 20_260_101
    """Seed of the random draws behind the interval of a customer's outcome."""
    tree: IndexTree = DEFAULT_TREE
    tiers: TierSettings = field(default_factory=TierSettings)
    loyalty: ClassSettings = LOYALTY
    lifecycle: ClassSettings = LIFECYCLE
    matrix: MatrixSettings = field(default_factory=MatrixSettings)
    """Borders of the value matrix, what stands up, and its third measure."""
    rfm: RFMSettings = field(default_factory=RFMSettings)
    """Into how many equal parts RFM divides the buyers, and what its three scores weigh together."""

    def __post_init__(self) -> None:
        if self.unit not in ("day", "week", "month"):
            raise ValueError(f"unit is day, week or month, not {self.unit!r}")
        if self.model not in get_args(Model):
            raise ValueError(f"model is one of {', '.join(get_args(Model))}, not {self.model!r}")
        if self.season not in (None, "month", "week"):
            raise ValueError(f"season is month, week or None, not {self.season!r}")
        if not 0 < self.horizon_months <= 600:
            raise ValueError("the horizon lies between 0 and 600 months")
        if self.annual_rate <= -1:
            raise ValueError("the annual rate is a fraction above -1 (0.10 is 10 % a year)")
        if not 0.5 <= self.frontier_quantile <= 0.99:
            raise ValueError("the quantile of the frontier lies between 0.5 and 0.99")
        if not 0 < self.interval_level < 1:
            raise ValueError("the level of the intervals lies between 0 and 1")

    def as_json(self) -> dict[str, Any]:
        """Plain data for storage."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Settings:
        """Settings from plain data; what is left out keeps its default."""
        return from_plain(cls, plain)


@dataclass(frozen=True, slots=True)
class Previous:
    """What the run before left: `tiers` with columns `customer`, `tier`, `tier_pending` (text), and
    the published tree, whose bounds hold as long as the tree in the settings is the same."""

    tiers: pa.Table | None = None
    tree: FrozenTree | None = None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known about the run itself; every field is plain JSON data.

    `summary`: customers, buyers, repeat_customers, lines, first_on, last_on, revenue, returns.
    `model`: chosen, for_p_alive, parameters, standard_errors, diagnostics (of the purchase model),
    rhythm: k of MBG/CNBD-k; intervals vary by 1/√k of their mean, so that 1 is at random;
    season: the indices by which time was counted, or None; segments: those that held contests.
    `spend`: model, parameters, standard_errors, diagnostics, correlation of frequency and spend, and
    dependence: slope of log spend on log frequency beyond what chance does, its standard error and p.
    `evaluation`: holdout_months, chosen, chosen_because, models (by name: total, actual, bias, mae,
    rmse, log_score, spearman, top10_share), or None where the history is too short.
    `report`: the same figures of the chosen model on a later window than it was chosen on, or None.
    `calibration`: by decile of prediction in the hold-out: customers, expected, actual.
    `tracking`: week, actual, expected: cumulated repeat purchases by week since the first order.
    `frequencies`: repeats, actual, expected: customers by number of repeat occasions.
    `growth`: the frontier of spend by what customers are, how often gaps closed, how good both are, or None
    where nothing is known of customers but what they bought (`wallet.growth.Growth.as_json`).
    `concentration`: gini, hhi, top shares, the Pareto and the whale curve.
    `cohorts`: size, active customers and retained share by cohort month and months since.
    `matrix`: customers and value in the four quadrants, the borders, and the measures of the axes:
    `across` and `up`.
    `tree`: the published tree with version, bounds and means. `tiers`: floors, customers by tier.
    `totals`: sums over all customers; between continuation_low and continuation_high the continuation
    of all together will fall. `warnings`: [{key, detail}], what a reader must know.
    """

    as_of: date
    settings: Mapping[str, Any]
    summary: Mapping[str, Any]
    model: Mapping[str, Any]
    spend: Mapping[str, Any]
    evaluation: Mapping[str, Any] | None
    report: Mapping[str, Any] | None
    calibration: tuple[Mapping[str, Any], ...]
    tracking: tuple[Mapping[str, Any], ...]
    frequencies: tuple[Mapping[str, Any], ...]
    growth: Mapping[str, Any] | None
    concentration: Mapping[str, Any]
    cohorts: tuple[Mapping[str, Any], ...]
    matrix: Mapping[str, Any]
    tree: Mapping[str, Any]
    tiers: Mapping[str, Any]
    totals: Mapping[str, Any]
    warnings: tuple[Mapping[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """Plain data: what a run stores beside its snapshots."""
        plain: dict[str, Any] = to_plain(self)
        return plain


COLUMNS: dict[str, str] = {
    "customer": "int64",
    "first_on": "date32",  # first purchase; null: never bought
    "last_on": "date32",
    "cohort_on": "date32",  # first day of the month of the first purchase
    "occasions": "int32",  # days with a purchase
    "repeats": "int32",  # occasions after the first (x)
    "recency": "float64",  # first to last purchase, in model units by the clock of the run (t_x)
    "age": "float64",  # first purchase to the day of the run, in the same (T)
    "tenure_months": "float64",
    "mean_interval_days": "float64",  # between occasions; null with fewer than two
    "mean_spend": "float64",  # of repeat occasions with a positive amount; null without
    "total": "float64",  # revenue net of returns
    "returns": "float64",  # amount returned, positive
    "return_rate": "float64",  # returns ÷ revenue before returns
    "cost_of_goods": "float64",
    "cost_to_serve": "float64",
    "margin_rate": "float64",  # the customer's own gross margin, used for the continuation
    "revenue_12m": "float64",
    "contribution_12m": "float64",
    "realised_value": "float64",
    "realised_is_estimate": "bool",  # some line had no cost of goods: a margin rate stood in
    "p_alive": "float64",  # null: never bought
    "p_purchase_12m": "float64",  # at least one purchase within 12 months
    "expected_purchases": "float64",  # within the horizon, not discounted
    "expected_spend": "float64",  # per occasion
    "expected_next_on": "date32",  # the next purchase comes until then, more likely than not
    "continuation_value": "float64",
    "mean_low": "float64",  # interval of the expected continuation: how sure its mean is
    "mean_high": "float64",
    "outcome_low": "float64",  # interval of what the customer will bring: chance included
    "outcome_high": "float64",
    "current_value": "float64",  # contribution of 12 months + continuation
    "growth_value": "float64",  # null: not measured
    "growth_low": "float64",  # interval of the expected growth
    "growth_high": "float64",
    "wallet": "float64",  # what the customer could spend a year; null: not measured
    "wallet_gap": "float64",  # of it what neither lately came nor is expected
    "win_probability": "float64",  # that customers with such a gap close it within a year
    "growth_offers": "float64",  # what open offers are expected to add
    "wallet_basis": "string",  # what tells the growth: stated, asked, peers or offers
    "potential_value": "float64",  # continuation + growth where measured
    "value_at_risk": "float64",  # continuation × (1 − p_purchase_12m), where positive
    "trend_of_spend": "float64",  # -1 … 1: lately against before; null: too young
    "overdue_ratio": "float64",  # days since the last purchase ÷ own mean interval; null: no rhythm
    "recency_score": "int8",  # RFM scores from 1, the highest is best; null: never bought
    "frequency_score": "int8",
    "monetary_score": "int8",
    "score": "float64",  # 0-100; null: nothing measured
    "leaves": "fixed_size_list<float64>",  # normalised leaves in the order of the tree; NaN: not measured
    "tier": "string",  # null: no score
    "tier_pending": "string",  # where the score would put the customer, if it differs
    "loyalty": "string",
    "lifecycle": "string",
    "segment": "string",  # as the facts tell; null: in none
    "quadrant": "string",  # grow, keep, nurture, self_service: see `kezhi.value.matrix`
    "loyalty_index": "float64",  # what the index "loyalty" of the tree gives, 0-100; null: not measured
    "influence_index": "float64",
}
"""The columns of `Measurement.customers` and their Arrow types, in order."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row per customer (see `COLUMNS`), ordered by customer, and the facts of the run."""

    customers: pa.Table
    run: RunFacts
    tree: FrozenTree


def measure(
    facts: Facts,
    settings: Settings | None = None,
    *,
    as_of: date,
    previous: Previous | None = None,
    progress: Progress | None = None,
    engine: Engine = LOCAL,
) -> Measurement:
    """What every customer is worth on the day `as_of`.

    `previous` carries tiers (for their hysteresis) and the published index tree from the last run.
    Few or no customers are no error: figures that can't be known are null, and `run.warnings` says
    what is lacking. Raises `reading.Unreadable` for tables that aren't as `Facts` says. `engine` says
    where the work is done (see `compute.engine`); the numbers don't depend on it.

    >>> import pyarrow as pa
    >>> lines = pa.table({"customer": [1, 1, 2], "day": [date(2025, 1, 1), date(2025, 3, 1),
    ...     date(2025, 2, 1)], "amount": [100.0, 80.0, 50.0]})
    >>> found = measure(Facts(lines), as_of=date(2025, 6, 30))
    >>> found.customers.select(["customer", "repeats", "realised_value", "tier"]).to_pylist()[0]
    {'customer': 1, 'repeats': 1, 'realised_value': 54.0, 'tier': 'C'}
    """
    settings, previous = settings or Settings(), previous or Previous()
    tell = progress or _silent
    tell("summary", 0.0)
    plan = Plan(as_of, settings.margin_rate, settings.compound_rate, settings.holdout_months)
    arrays = engine.open(facts, plan, lambda: tell("summary", 0.0))
    found = arrays.occasions(plan.today)
    summary = _summary(arrays, found, settings, plan)
    tell("realised", 0.2)
    past = arrays.realised(plan)
    tell("choose", 0.3)
    coming = foretell(arrays, summary, past, settings, lambda stage, done: tell(stage, done))
    tell("index", 0.85)
    trend = arrays.trend_of_spend(found, plan)
    growth = growth_of(arrays, summary, past, coming, settings, plan)
    rows = _measures(arrays, summary, past, coming, growth, trend, plan.today)
    tree = _published(settings.tree, rows, summary.bought, previous.tree)
    judged = _judge(tree, rows, settings, arrays.customers, summary.bought, previous.tiers)
    tell("run", 0.95)
    run = report.run_facts(
        as_of=as_of,
        settings=settings.as_json(),
        arrays=arrays,
        activity=arrays.activity(found, plan),
        summary=summary,
        past=past,
        coming=coming,
        growth=growth,
        rows=rows,
        tree=tree,
        tiering=judged.tiering,
        placing=judged.placing,
    )
    table = _table(arrays, summary, past, coming, growth, rows, judged, settings.rfm)
    return Measurement(table, RunFacts(**run), tree)


def _silent(stage: str, done: float) -> None:
    pass


def _summary(arrays: OpenFacts, found: Occasions, settings: Settings, plan: Plan) -> Summary:
    import pyarrow as pa

    return summary_from(
        pa.array(arrays.customers),
        found,
        settings.unit,
        plan.today,
        has_amounts=True,
    )


def _measures(
    arrays: OpenFacts,
    summary: Summary,
    past: Realised,
    coming: Foretelling,
    growth: Growth,
    trend: Vector,
    today: int,
) -> dict[str, Vector]:
    """Every measure that the index tree and the rules may name; NaN where nothing is known."""
    bought = summary.bought

    def of_buyers(figures: NDArray[Any]) -> Vector:
        return np.where(bought, figures, np.nan)

    since = today - summary.last_day.astype(np.float64)
    current = of_buyers(past.contribution_12m + np.nan_to_num(coming.continuation))
    return {
        "occasions": summary.occasions.astype(np.float64),
        "repeats": of_buyers(summary.repeats),
        "recency": coming.recency,
        "age": coming.age,
        "tenure_months": summary.age * DAYS[summary.unit] / DAYS["month"],
        "days_since_last": of_buyers(since),
        "mean_interval_days": summary.mean_interval_days,
        "mean_spend": summary.mean_spend,
        "total": of_buyers(summary.total),
        "return_rate": of_buyers(summary.return_rate),
        "revenue_12m": of_buyers(past.revenue_12m),
        "contribution_12m": of_buyers(past.contribution_12m),
        "realised_value": past.value,
        "p_alive": coming.p_alive,
        "p_purchase_12m": coming.p_purchase_12m,
        "expected_purchases": coming.expected_purchases,
        "continuation_value": coming.continuation,
        "current_value": current,
        "growth_value": growth.growth,
        "wallet": growth.wallet,
        "wallet_gap": growth.gap,
        "win_probability": growth.probability,
        "cross_sell": growth.expected_of_offers,
        "potential_value": coming.continuation + np.nan_to_num(growth.growth),
        "value_at_risk": value_at_risk(coming.continuation, coming.p_purchase_12m),
        "trend_of_spend": of_buyers(trend),
        "overdue_ratio": overdue_ratio(of_buyers(since), summary.mean_interval_days),
        **arrays.measures,
    }


def _published(
    tree: IndexTree, rows: Mapping[str, Vector], bought: NDArray[Any], held: FrozenTree | None
) -> FrozenTree:
    """The published tree still holds unless the company changed it or began to measure a leaf."""
    buyers = {name: own[bought] for name, own in rows.items()}
    if held is None or held.tree != tree:
        return freeze(tree, buyers, version=1 if held is None else held.version + 1)
    if held.unmeasured(buyers):
        return freeze(tree, buyers, version=held.version + 1, keep=held.bounds)
    return held


BESIDE = ("loyalty", "influence")
"""Indices of the tree that stand beside money on an axis of their own."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """What is said of customers after all figures are there."""

    leaves: Vector
    score: Vector
    tiering: Tiering
    loyalty: tuple[str, ...]
    loyalty_class: NDArray[np.int8]
    lifecycle: tuple[str, ...]
    lifecycle_stage: NDArray[np.int8]
    indices: Mapping[str, Vector]
    placing: Placing


def _judge(
    tree: FrozenTree,
    rows: Mapping[str, Vector],
    settings: Settings,
    customers: NDArray[np.int64],
    bought: NDArray[np.bool_],
    held: pa.Table | None,
) -> _Judged:
    leaves = tree.normalise(rows)
    leaves[~bought] = np.nan
    score = tree.score(leaves)
    indices = {f"{name}_index": 100.0 * tree.merit(name, leaves) for name in BESIDE}
    names = settings.tiers.names
    tiering = assign_tiers(
        score,
        settings.tiers,
        previous=None if held is None else _held(held, "tier", names, customers),
        previous_pending=None if held is None else _held(held, "tier_pending", names, customers),
        tie_break=rows["current_value"],
        worth=rows["current_value"],
    )
    return _Judged(
        leaves=leaves,
        score=score,
        tiering=tiering,
        loyalty=settings.loyalty.classes,
        loyalty_class=classify(rows, settings.loyalty),
        lifecycle=settings.lifecycle.classes,
        lifecycle_stage=classify(rows, settings.lifecycle),
        indices=indices,
        placing=settings.matrix.place({**rows, **indices}),
    )


def _held(
    table: pa.Table, column: str, names: tuple[str, ...], customers: NDArray[np.int64]
) -> NDArray[np.int8]:
    """Positions of last run's tiers in `names`; -1 for none, or a tier that is no more."""
    import pyarrow as pa
    import pyarrow.compute as pc

    place_of = pc.index_in(table.column(column), value_set=pa.array(names, pa.string()))
    codes = np.asarray(pc.fill_null(place_of, NO_TIER).to_numpy(), dtype=np.int8)
    ids = np.asarray(table.column("customer").to_numpy(), dtype=np.int64)
    found = np.full(len(customers), NO_TIER, dtype=np.int8)
    place = np.searchsorted(customers, ids)
    known = place < len(customers)
    known[known] = customers[place[known]] == ids[known]
    found[place[known]] = codes[known]
    return found


def _table(
    arrays: OpenFacts,
    summary: Summary,
    past: Realised,
    coming: Foretelling,
    growth: Growth,
    rows: Mapping[str, Vector],
    judged: _Judged,
    bins: RFMSettings,
) -> pa.Table:
    import pyarrow as pa

    bought = summary.bought
    scores: RFM = rfm(summary.last_day, summary.occasions, summary.total, bins)
    months = summary.first_day.astype("datetime64[D]").astype("datetime64[M]")
    columns: dict[str, Any] = {
        "customer": pa.array(arrays.customers),
        "first_on": dates(summary.first_day, bought),
        "last_on": dates(summary.last_day, bought),
        "cohort_on": dates(months.astype("datetime64[D]").astype(np.int64), bought),
        "occasions": pa.array(summary.occasions),
        "repeats": pa.array(summary.repeats),
        "total": pa.array(summary.total),
        "returns": pa.array(summary.returns),
        "cost_of_goods": pa.array(past.cost_of_goods),
        "cost_to_serve": pa.array(past.cost_to_serve),
        "margin_rate": pa.array(past.margin_rate),
        "revenue_12m": pa.array(past.revenue_12m),
        "contribution_12m": pa.array(past.contribution_12m),
        "realised_is_estimate": pa.array(past.is_estimate),
        "expected_spend": nullable(coming.expected_spend),
        "expected_next_on": dates(coming.next_day, coming.next_day > 0),
        "mean_low": nullable(coming.mean_low),
        "mean_high": nullable(coming.mean_high),
        "outcome_low": nullable(coming.outcome_low),
        "outcome_high": nullable(coming.outcome_high),
        "growth_low": nullable(growth.low),
        "growth_high": nullable(growth.high),
        "growth_offers": nullable(growth.offered),
        "wallet_basis": _words(growth.basis, BASES),
        "recency_score": pa.array(scores.recency, mask=~bought),
        "frequency_score": pa.array(scores.frequency, mask=~bought),
        "monetary_score": pa.array(scores.monetary, mask=~bought),
        "score": nullable(judged.score),
        "leaves": pa.FixedSizeListArray.from_arrays(
            pa.array(judged.leaves.ravel()), judged.leaves.shape[1]
        ),
        "tier": _words(judged.tiering.tier, judged.tiering.names),
        "tier_pending": _words(judged.tiering.pending, judged.tiering.names),
        "loyalty": _words(judged.loyalty_class, judged.loyalty),
        "lifecycle": _words(judged.lifecycle_stage, judged.lifecycle),
        "segment": _segments(arrays),
        "quadrant": _words(judged.placing.matrix.quadrant, QUADRANTS),
        **{name: nullable(index) for name, index in judged.indices.items()},
    }
    for name in COLUMNS:
        if name not in columns:
            columns[name] = nullable(rows[name])
    return pa.table({name: columns[name] for name in COLUMNS})


def _segments(arrays: OpenFacts) -> pa.Array:
    import pyarrow as pa

    if arrays.segments is None:
        return pa.nulls(len(arrays.customers), pa.string())
    return _words(arrays.segments.of, arrays.segments.names)


def _words(codes: NDArray[Any], names: tuple[str, ...]) -> pa.Array:
    import pyarrow as pa

    taken = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.array(names, pa.string()).take(taken)
