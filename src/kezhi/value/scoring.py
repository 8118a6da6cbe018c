"""Scores of transactions alone: what `kezhi value score` and `evaluate` do with a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kezhi.value.by_season import seasons_of
from kezhi.value.measure import Facts, Settings, measure
from kezhi.value.potential.choose import Evaluation, evaluate
from kezhi.value.potential.season import By
from kezhi.value.reading import EPOCH, Transactions
from kezhi.value.summary import Summary, summary_of

if TYPE_CHECKING:
    import pyarrow as pa

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

MONEY = ("expected_spend", "potential_value", "potential_low", "potential_high", "realised_value")


@dataclass(frozen=True, slots=True)
class Scored:
    """The table of scores, and what a reader must know (see `measure.RunFacts.warnings`)."""

    table: pa.Table
    warnings: tuple[Mapping[str, Any], ...]


def score_transactions(
    rows: Transactions, settings: Settings | None = None, *, until: date | None = None
) -> Scored:
    """The summary's columns and `COLUMNS` for every customer in the transactions.

    Without amounts, what is counted in money is null, and the score counts purchases only.
    """
    import pyarrow as pa

    settings = settings or Settings()
    summary = summary_of(rows, unit=settings.unit, until=until)
    table = summary.table()
    amounts = np.ones(len(rows.days)) if rows.amounts is None else rows.amounts
    facts = pa.table(
        {
            "customer": rows.codes.astype(np.int64),
            "day": pa.array(rows.days).cast(pa.date32()),
            "amount": amounts,
        }
    )
    found = measure(Facts(facts), settings, as_of=summary.until)
    for name, source in COLUMNS.items():
        column = found.customers.column(source)
        if rows.amounts is None and name in MONEY:
            column = pa.nulls(len(column), column.type)
        table = table.append_column(name, column)
    # The margin rate is what the caller said: every figure is an estimate by it.
    return Scored(
        table, tuple(one for one in found.run.warnings if one["key"] != "margin_estimated")
    )


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
