"""What a published run leaves beside its snapshots, ready for the pages: rhythm, survival, losses, costs,
payment."""

from __future__ import annotations

from kezhi.core.actor import SYSTEM
from kezhi.insight import exempting, figures, paying, survival, unprofitable, winning_back
from kezhi.insight.facts import Ledger
from kezhi.insight.figures import days, work_list
from kezhi.insight.models import ValueRun
from kezhi.insight.rhythm import keep_rhythm


def prepare_pages(run: ValueRun, ledger: Ledger) -> None:
    """In the transaction that publishes the run."""
    basis = figures.basis_between(run, None)
    keep_rhythm(basis, ledger.facts.lines)
    winning_back.keep_lost(run)
    unprofitable.keep_unprofitable(run, ledger)
    paying.keep_behaviour(run, ledger.invoices, ledger.facts.costs)
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
