"""What customers had brought and were expected to bring on the last measured day of each month.

A day of a very large company is worked out once, when its run is published, and stays with the run: what was
measured of a past day doesn't change. Others are read from the snapshots of those whom the actor may see.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from kezhi.core.actor import SYSTEM, Actor, Scope
from kezhi.customers.models import Customer, Standing
from kezhi.insight.copying import copied_rows
from kezhi.insight.figures import keeping
from kezhi.insight.figures.basis import basis_between
from kezhi.insight.models import KeptFigure, Snapshot, ValueRun
from kezhi.value.over_time.day import Day, OfCustomers, day_of, quarter_name, quarters_of
from kezhi.value.plain import from_plain

MONTHS = 13
MOST = 20
DAY, LEADERS = "day", "day-leaders"
OF_A_DAY = (DAY, LEADERS)
"""Keys of the kept figures that stay with their run."""
LIVE_ROWS = 500_000
"""Rows of snapshots that a page reads; whoever sees a great many customers sees fewer days of them."""

MEASURES = ("realised", "contribution", "expected", "both")
READ = {
    "run_id": pa.int64(),
    "customer_id": pa.int64(),
    "first_on": pa.date32(),
    "realised_value": pa.float64(),
    "contribution_12m": pa.float64(),
    "potential_value": pa.float64(),
    "continuation_value": pa.float64(),
    "growth_value": pa.float64(),
    "growth_low": pa.float64(),
    "growth_high": pa.float64(),
    "mean_low": pa.float64(),
    "mean_high": pa.float64(),
}


@dataclass(frozen=True, slots=True)
class MeasuredDay:
    """A day and what was measured on it."""

    as_of: date
    value: Day


@dataclass(frozen=True, slots=True)
class Leader:
    """One of the customers of a cohort who bring the most by one of `MEASURES`."""

    customer_id: int
    quarter: str
    realised: float
    contribution: float
    expected: float

    def amount(self, measure: str) -> float:
        if measure == "both":
            return self.realised + self.expected
        return float(getattr(self, measure))


@dataclass(frozen=True, slots=True)
class Leaders:
    """As they are kept."""

    customers: tuple[Leader, ...]


@dataclass(frozen=True, slots=True)
class NamedLeader:
    """A leader by name."""

    customer_id: int
    name: str
    owner_name: str
    realised: float
    contribution: float
    expected: float


def month_ends(runs: Iterable[ValueRun], months: int = MONTHS) -> list[ValueRun]:
    """The last readable run of each of the latest months, the oldest first; `runs` begin with the latest."""
    last: dict[tuple[int, int], ValueRun] = {}
    for run in runs:
        last.setdefault((run.as_of.year, run.as_of.month), run)
    return list(last.values())[:months][::-1]


def measured_days(actor: Actor, runs: Sequence[ValueRun]) -> list[MeasuredDay]:
    """Of those runs, the oldest first, over the customers that the actor may see.

    A very large company shows the days that are kept; the next run adds those that are missing.
    """
    if not runs:
        return []
    if _is_kept(actor, runs[-1]):
        known = _kept_days(runs)
        return [MeasuredDay(run.as_of, known[run.pk]) for run in runs if run.pk in known]
    shown = runs[-_days_at_once(actor, runs[-1]) :]
    tables = _by_run(actor, shown)
    return [MeasuredDay(run.as_of, day_of(_columns(tables[run.pk]))) for run in shown]


def leaders_of_day(
    actor: Actor, run: ValueRun, measure: str, quarters: Collection[str] = ()
) -> list[NamedLeader]:
    """Who brought, or was to bring, the most on the day of the run; of some cohorts, or of all."""
    found: Leaders | None = None
    if _is_kept(actor, run):
        found = keeping.stored(basis_between(run, None), LEADERS, Leaders)
    if found is None:
        found = _leaders(_by_run(actor, [run])[run.pk])
    among = [each for each in found.customers if not quarters or each.quarter in quarters]
    among.sort(key=lambda each: (-each.amount(measure), each.customer_id))
    return _named(actor, among[:MOST])


def keep_days() -> int:
    """Work out the days of the month ends that aren't kept yet; returns how many."""
    runs = month_ends(ValueRun.objects.readable().only("pk", "as_of", "customers"))
    known = _kept_days(runs)
    missing = [run for run in runs if run.pk not in known]
    for run in missing:
        table = _by_run(SYSTEM, [run])[run.pk]
        own = basis_between(run, None)
        keeping.store(own, LEADERS, _leaders(table))
        keeping.store(own, DAY, day_of(_columns(table)))
    return len(missing)


def _is_kept(actor: Actor, run: ValueRun) -> bool:
    return run.customers >= keeping.MANY and actor.scope("read", "customer") is Scope.ALL


def _kept_days(runs: Sequence[ValueRun]) -> dict[int, Day]:
    found = {}
    rows = KeptFigure.objects.filter(run__in=[run.pk for run in runs], key=DAY)
    for run, plain in rows.values_list("run_id", "figure"):
        # Kept by another version, whose figure has other parts: it is worked out anew.
        with contextlib.suppress(TypeError, ValueError, KeyError):
            found[run] = from_plain(Day, plain)
    return found


def _days_at_once(actor: Actor, run: ValueRun) -> int:
    customers = run.customers
    if customers * MONTHS > LIVE_ROWS:
        customers = Standing.objects.visible_to(actor)[:LIVE_ROWS].count()
    return max(2, min(MONTHS, LIVE_ROWS // max(customers, 1)))


def _by_run(actor: Actor, runs: Sequence[ValueRun]) -> dict[int, pa.Table]:
    rows = Snapshot.objects.visible_to(actor).filter(
        run__in=[run.pk for run in runs], occasions__gt=0
    )
    table = copied_rows(rows.order_by("run_id", "customer_id").values_list(*READ), READ)
    of_run = table["run_id"].to_numpy()
    found = {}
    for run in runs:
        first, end = np.searchsorted(of_run, [run.pk, run.pk + 1])
        found[run.pk] = table.slice(first, end - first)
    return found


def _columns(table: pa.Table) -> OfCustomers:
    def money(name: str) -> np.ndarray:  # type: ignore[type-arg]
        return table[name].to_numpy()

    return OfCustomers(
        first_day=table["first_on"].cast(pa.int32()).to_numpy(),
        realised=money("realised_value"),
        contribution=money("contribution_12m"),
        expected=money("potential_value"),
        continuation=money("continuation_value"),
        growth=money("growth_value"),
        low=money("mean_low") + np.nan_to_num(money("growth_low")),
        high=money("mean_high") + np.nan_to_num(money("growth_high")),
    )


def _leaders(table: pa.Table) -> Leaders:
    """The leaders of each cohort by each measure: the leaders of several cohorts are among them."""
    rows = _columns(table)
    quarter = quarters_of(rows.first_day)
    amounts = {
        "realised": np.nan_to_num(rows.realised),
        "contribution": np.nan_to_num(rows.contribution),
        "expected": np.nan_to_num(rows.expected),
    }
    amounts["both"] = amounts["realised"] + amounts["expected"]
    chosen: set[int] = set()
    for measure in MEASURES:
        order = np.lexsort((-amounts[measure], quarter))
        starts = np.searchsorted(quarter[order], np.unique(quarter))
        for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
            chosen.update(order[start : min(start + MOST, end)].tolist())
    customers = table["customer_id"].to_numpy()
    return Leaders(
        tuple(
            Leader(
                int(customers[place]),
                quarter_name(int(quarter[place])),
                round(float(amounts["realised"][place]), 2),
                round(float(amounts["contribution"][place]), 2),
                round(float(amounts["expected"][place]), 2),
            )
            for place in sorted(chosen)
        )
    )


def _named(actor: Actor, found: Sequence[Leader]) -> list[NamedLeader]:
    """Those whom the actor may see today."""
    rows = Customer.objects.visible_to(actor).filter(pk__in=[each.customer_id for each in found])
    known = {
        pk: (name, owner or "") for pk, name, owner in rows.values_list("pk", "name", "owner__name")
    }
    return [
        NamedLeader(
            each.customer_id,
            *known[each.customer_id],
            each.realised,
            each.contribution,
            each.expected,
        )
        for each in found
        if each.customer_id in known
    ]
