"""From dated facts to what every customer is worth: the whole pipeline in one call.

`measure(facts, settings, *, as_of, previous=None, progress=None) -> Measurement` takes Arrow tables
and gives Arrow tables back. It reads no clock, no database and no
setting from the air: the same facts, settings and date give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from kezhi.value.classes import LIFECYCLE, LOYALTY, ClassSettings
from kezhi.value.durations import Unit
from kezhi.value.index.tree import DEFAULT_TREE, FrozenTree, IndexTree
from kezhi.value.plain import from_plain, to_plain
from kezhi.value.tiers import TierSettings

if TYPE_CHECKING:
    import pyarrow as pa

Progress = Callable[[str, float], None]
"""Called with the key of the stage that begins (see `STAGES`) and the share of work done so far."""

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
    model: Literal["auto", "bg-nbd", "mbg-nbd", "naive"] = "auto"
    """`auto`: chosen on a hold-out; otherwise the named one."""
    holdout_months: float | None = None
    """Length of the hold-out; None: a quarter of the history, at least 2 and at most 12 months."""
    interval_level: float = 0.80
    """Coverage of both intervals."""
    seed: int = 20_260_101
    """Seed of the random draws behind the interval of a customer's outcome."""
    tree: IndexTree = DEFAULT_TREE
    tiers: TierSettings = field(default_factory=TierSettings)
    loyalty: ClassSettings = LOYALTY
    lifecycle: ClassSettings = LIFECYCLE

    def __post_init__(self) -> None:
        if self.unit not in ("day", "week", "month"):
            raise ValueError(f"unit is day, week or month, not {self.unit!r}")
        if self.model not in ("auto", "bg-nbd", "mbg-nbd", "naive"):
            raise ValueError(f"model is auto, bg-nbd, mbg-nbd or naive, not {self.model!r}")
        if not 0 < self.horizon_months <= 600:
            raise ValueError("the horizon lies between 0 and 600 months")
        if self.annual_rate <= -1:
            raise ValueError("the annual rate is a fraction above -1 (0.10 is 10 % a year)")
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
class Facts:
    """What happened, as Arrow tables. Facts later than the day of the run are left out.

    `lines`: order lines with columns `customer` (int64), `day` (date32), `amount` (number; returns
    negative) and, where known, `cost` (cost of the goods, nullable, same sign as the amount) and
    `margin_rate` (nullable: margin as a share of revenue for lines without cost, by category).
    `costs`: cost to serve with `customer`, `day`, `amount` (positive is a cost) and `kind` (text).
    `customers`: every known customer, also those that never bought (they get a row, without value).
    `measures`: further measures for the index tree, `customer` and one float column each, named as
    the leaf's `measure` (for example `satisfaction`); null is "not measured".
    """

    lines: pa.Table
    costs: pa.Table | None = None
    customers: pa.Array | pa.ChunkedArray | None = None
    measures: pa.Table | None = None


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
    `model`: chosen, for_p_alive, parameters, standard_errors, diagnostics (of the purchase model).
    `spend`: model, parameters, standard_errors, diagnostics, correlation of frequency and spend.
    `evaluation`: holdout_months, chosen, chosen_because, models (by name: total, actual, bias, mae,
    rmse, log_score, spearman, top10_share), or None where the history is too short.
    `report`: the same figures of the chosen model on a later window than it was chosen on, or None.
    `calibration`: by decile of prediction in the hold-out: customers, expected, actual.
    `tracking`: week, actual, expected: cumulated repeat purchases by week since the first order.
    `frequencies`: repeats, actual, expected: customers by number of repeat occasions.
    `concentration`: gini, hhi, top shares, the Pareto and the whale curve.
    `cohorts`: size and retained share by cohort month and months since.
    `matrix`: customers and value in the four quadrants of current × potential, and the borders.
    `tree`: the published tree with version, bounds and means. `tiers`: floors, customers by tier.
    `totals`: sums over all customers. `warnings`: [{key, detail}], what a reader must know.
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
    concentration: Mapping[str, Any]
    cohorts: tuple[Mapping[str, Any], ...]
    matrix: Mapping[str, Any]
    tree: Mapping[str, Any]
    tiers: Mapping[str, Any]
    totals: Mapping[str, Any]
    warnings: tuple[Mapping[str, Any], ...]
    seconds: Mapping[str, float]

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
    "recency": "float64",  # from the first to the last purchase, in model units (t_x)
    "age": "float64",  # from the first purchase to the day of the run, in model units (T)
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
    "potential_value": "float64",  # continuation + growth where measured
    "value_at_risk": "float64",  # continuation × (1 − p_purchase_12m), where positive
    "trend_of_spend": "float64",  # -1 … 1: lately against before; null: too young
    "overdue_ratio": "float64",  # days since the last purchase ÷ own mean interval; null: no rhythm
    "recency_score": "int8",  # RFM scores 1-5, 5 is best; null: never bought
    "frequency_score": "int8",
    "monetary_score": "int8",
    "score": "float64",  # 0-100; null: nothing measured
    "leaves": "list<float64>",  # normalised leaves in the order of the tree; NaN: not measured
    "tier": "string",  # null: no score
    "tier_pending": "string",  # where the score would put the customer, if it differs
    "loyalty": "string",
    "lifecycle": "string",
    "quadrant": "string",  # star, harvest, build, watch: see `kezhi.value.matrix`
}
"""The columns of `Measurement.customers` and their Arrow types, in order."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row per customer (see `COLUMNS`), ordered by customer, and the facts of the run."""

    customers: pa.Table
    run: RunFacts
    tree: FrozenTree
