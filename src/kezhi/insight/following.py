"""What a published run leaves beside its snapshots, ready for the pages: rhythm, survival, losses, costs,
payment, what staying brings."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from kezhi.core.actor import SYSTEM
from kezhi.insight import (
    exempting,
    figures,
    paying,
    paying_back,
    survival,
    tenure,
    unprofitable,
    winning_back,
)
from kezhi.insight.facts import Ledger
from kezhi.insight.figures import days, work_list
from kezhi.insight.models import ValueRun
from kezhi.insight.rhythm import (
    Intervals,
    find_rhythm_and_intervals,
    keep_intervals,
    keep_rhythm,
)
from kezhi.value.lifetime.rhythm import Rhythm
from kezhi.value.measure import Settings


@dataclass(frozen=True, slots=True)
class Told:
    """What the facts alone tell, worked out while the database writes."""

    rhythm: Future[tuple[Rhythm | None, Intervals | None]]
    losing: Future[pa.Table | None]
    staying: Future[tenure.Tenure]


@contextmanager
def telling(run: ValueRun, ledger: Ledger) -> Iterator[Told]:
    """Begins to work out what `prepare_pages` writes. Nothing here asks the database."""
    rules = Settings.from_json(run.value_settings.rules)
    with ThreadPoolExecutor(1) as pool:
        yield Told(
            pool.submit(find_rhythm_and_intervals, ledger.facts.lines),
            pool.submit(unprofitable.find_unprofitable, ledger, run.as_of, rules.margin_rate),
            pool.submit(tenure.find_tenure, ledger, run.as_of, rules.margin_rate),
        )


def prepare_pages(run: ValueRun, ledger: Ledger, told: Told) -> None:
    """In the transaction that publishes the run."""
    basis = figures.basis_between(run, None)
    rhythm, intervals = told.rhythm.result()
    keep_rhythm(basis, rhythm)
    keep_intervals(basis, intervals)
    winning_back.keep_lost(run)
    unprofitable.keep_unprofitable(told.losing.result())
    paying.keep_behaviour(run, ledger.invoices, ledger.facts.costs)
    paying_back.keep_won(run, ledger)
    tenure.keep_tenure(basis, told.staying.result())
    exempting.leave_off_lists()


def keep_figures() -> None:
    """After it: what the first to open a page of a large company would wait for."""
    basis = figures.basis()
    if basis is None or basis.run.customers < figures.MANY:
        return
    days.keep_days()
    work_list.risk_totals(SYSTEM, basis)
    winning_back.win_back_totals(SYSTEM, basis)
    unprofitable.cost_totals(SYSTEM, basis)
    for of in ("year", "all"):
        unprofitable.whale_curve(SYSTEM, basis, of)
    for by in ("tier", "source"):
        survival.survivals(SYSTEM, basis, by)
