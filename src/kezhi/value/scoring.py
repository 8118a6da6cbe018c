"""Scores of transactions alone: what `kezhi value score` and `evaluate` do with a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.by_season import seasons_of
from kezhi.value.kept_models import model_of, own_segments
from kezhi.value.measure import Facts, Measurement, Settings, measure
from kezhi.value.over_time.former_model import MODELS
from kezhi.value.potential.choose import Evaluation, evaluate
from kezhi.value.potential.dert import dert
from kezhi.value.potential.naive import Naive
from kezhi.value.potential.season import By
from kezhi.value.reading import EPOCH, Transactions
from kezhi.value.summary import Summary, nullable, summary_of
from kezhi.value.units import is_money

if TYPE_CHECKING:
    import pyarrow as pa

Vector = NDArray[np.float64]

COLUMNS = {
    "p_alive": "p_alive",
    "p_purchase_12m": "p_purchase_12m",
    "expected_purchases": "expected_purchases",
    "expected_spend": "expected_spend",
    "potential_value": "potential_value",
    "potential_low": "mean_low",
    "potential_high": "mean_high",
    "realised_value": "realised_value",
    "score": "score",
    "tier": "tier",
}
"""Columns of a score beside the summary's, and the columns of a measurement that they are."""

WITHOUT_END = ("dert", "value_without_end")
"""Beside them: discounted purchases without end (see `potential.dert`), and what those bring."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The table of scores, and what a reader must know (see `measure.RunFacts.warnings`)."""

    table: pa.Table
    warnings: tuple[Mapping[str, Any], ...]


def facts_of(
    rows: Transactions, *, segments: pa.Table | None = None, prospects: pa.Table | None = None
) -> Facts:
    """The transactions as facts of a measuring, customers by their place in `rows.customers`."""
    import pyarrow as pa

    amounts = np.ones(len(rows.days)) if rows.amounts is None else rows.amounts
    lines = pa.table(
        {
            "customer": rows.codes.astype(np.int64),
            "day": pa.array(rows.days).cast(pa.date32()),
            "amount": amounts,
        }
    )
    return Facts(lines, segments=segments, prospects=prospects)


def score_transactions(
    rows: Transactions,
    settings: Settings | None = None,
    *,
    until: date | None = None,
    segments: pa.Table | None = None,
    prospects: pa.Table | None = None,
    whole: bool = False,
) -> Scored:
    """The summary's columns, `COLUMNS` and `WITHOUT_END` for every customer in the transactions; `whole`:
    all columns of a measurement, the leaves of the index tree as one column each.

    `segments` and `prospects` are those of `measure.Facts`, customers by their place in `rows.customers`.
    Without amounts, what is counted in money is null, and the score counts purchases only.
    """
    import pyarrow as pa

    settings = settings or Settings()
    summary = summary_of(rows, unit=settings.unit, until=until)
    found = measure(
        facts_of(rows, segments=segments, prospects=prospects), settings, as_of=summary.until
    )
    if whole:
        table = _whole(found, rows.customers)
    else:
        table = summary.table()
        for name, source in COLUMNS.items():
            table = table.append_column(name, found.customers.column(source))
    for name, column in zip(WITHOUT_END, without_end(found, settings), strict=True):
        table = table.append_column(name, nullable(column))
    if rows.amounts is None:
        for place, name in enumerate(table.column_names):
            if is_money(name) or name in BY_MONEY:
                kind = table.schema.field(name).type
                table = table.set_column(place, name, pa.nulls(len(table), kind))
    # The margin rate is what the caller said: every figure is an estimate by it.
    return Scored(
        table, tuple(one for one in found.run.warnings if one["key"] != "margin_estimated")
    )


BY_MONEY = ("monetary_score", "quadrant", "trend_of_spend", "return_rate")
"""Columns that aren't money, but say nothing without amounts."""


def _whole(found: Measurement, names: pa.Array) -> pa.Table:
    table = found.customers
    flat = table["leaves"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    leaves = flat.reshape(len(table), -1)
    table = table.drop_columns(["leaves"]).set_column(
        0, "customer", names.take(table["customer"].combine_chunks())
    )
    for place, name in enumerate(found.tree.tree.leaf_names):
        table = table.append_column(f"leaf.{name}", nullable(leaves[:, place]))
    return table


def without_end(found: Measurement, settings: Settings) -> tuple[Vector, Vector]:
    """DERT of each customer and what those purchases bring, less the cost of serving them; NaN where the
    past rate is carried on instead of a model, or money isn't discounted. Upkeep takes no part."""
    columns = {
        name: np.asarray(found.customers[name].to_numpy(), dtype=np.float64)
        for name in (
            "repeats", "recency", "age", "occasions", "expected_spend", "margin_rate", "return_rate",
            "cost_to_serve",
        )
    }  # fmt: skip
    ahead = np.full(found.customers.num_rows, np.nan)
    if settings.annual_rate > 0:
        segment = np.asarray(found.customers["segment"].fill_null("").to_pylist(), dtype=object)
        apart = own_segments(found.run.model)
        for name in ("", *apart):
            own = model_of(found.run.model, name)
            kind = MODELS.get(own["chosen"])
            if kind is None or kind is Naive or not own["parameters"]:
                continue
            who = (segment == name) if name else ~np.isin(segment, apart)
            who &= np.isfinite(columns["age"])
            times = (columns[each][who] for each in ("repeats", "recency", "age"))
            ahead[who] = dert(
                kind(**own["parameters"]),
                *times,
                annual_rate=settings.annual_rate,
                unit=settings.unit,
            )
    serving: Any = settings.cost_per_occasion
    if serving is None:
        serving = columns["cost_to_serve"] / np.maximum(columns["occasions"], 1)
    brings = columns["expected_spend"] * columns["margin_rate"] * (1 - columns["return_rate"])
    return ahead, ahead * (brings - serving)


def calibration_and_holdout(
    rows: Transactions, unit: str, *, holdout_days: int, until: date | None = None
) -> tuple[Summary, NDArray[np.int64]]:
    """The summary before a hold-out, and the occasions in it of each customer who had bought."""
    last = int(rows.days.max(initial=0)) if until is None else (until - EPOCH).days
    cut = EPOCH + timedelta(days=last - holdout_days)
    everybody = replace(rows, customers=_codes(rows))
    early = summary_of(everybody, unit=unit, until=cut)
    late = summary_of(everybody, unit=unit, until=EPOCH + timedelta(days=last))
    place = np.searchsorted(late.customer.to_numpy(), early.customer.to_numpy())
    came = late.occasions[place].astype(np.int64) - early.occasions
    return early, came[early.bought]


def judge_on_holdout(
    rows: Transactions,
    unit: str,
    *,
    holdout_days: int,
    until: date | None = None,
    season: By | None = None,
) -> Evaluation | None:
    """The contest of all models on the end of the history; None where nobody had bought before it.

    With seasons time is counted by their clock, as far as the history before the hold-out tells it;
    the times between purchases are known by the calendar only, so that no rhythm is told then.
    """
    early, later = calibration_and_holdout(rows, unit, holdout_days=holdout_days, until=until)
    if not len(later):
        return None
    cut, there = (early.until - EPOCH).days, early.bought
    seasons = seasons_of(early, unit, cut, season)
    times = seasons.times(
        early.occasions[there], early.first_day[there], early.last_day[there], cut, unit
    )
    return evaluate(
        times.x,
        times.t_x,
        times.T,
        later,
        seasons.ahead(cut, holdout_days, unit),
        log_intervals=None if seasons.are_told else early.log_intervals,
    )


def _codes(rows: Transactions) -> pa.Array:
    import pyarrow as pa

    return pa.array(np.arange(len(rows.customers), dtype=np.int64))
