"""A finished measurement goes into the database: snapshots, moves between classes, everybody's standing.

Set-based throughout; everything here runs in the caller's transaction, so that a page sees either the run
before or this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from django.db.backends.utils import CursorWrapper

from kezhi.insight import overriding
from kezhi.insight.copying import InParts, copied_rows, copy_into
from kezhi.insight.models import KeptFigure, Snapshot, StageMove, TierMove, TierOverride, ValueRun
from kezhi.value.matrix import DECIMALS
from kezhi.value.measure import Measurement

MONEY = (
    "total",
    "revenue",
    "revenue_12m",
    "contribution_12m",
    "realised_value",
    "cost_of_goods",
    "cost_to_serve",
    "current_value",
    "continuation_value",
    "growth_value",
    "growth_low",
    "growth_high",
    "mean_low",
    "mean_high",
    "outcome_low",
    "outcome_high",
    "potential_value",
    "value_at_risk",
)
# Digits that people can see; more would change every row of `Standing` every night for nothing.
ROUNDED = {
    **dict.fromkeys(MONEY, 2),
    "score": 3,
    **DECIMALS,
    "growth_offers": 2,
    "wallet": 2,
    "wallet_gap": 2,
    "win_probability": 4,
    "p_purchase_12m": 4,
    "expected_purchases": 4,
    "expected_spend": 4,
    "mean_spend": 4,
    "overdue_ratio": 3,
    "revenue_trend": 4,
    "return_rate": 6,
    "margin_rate": 6,
    "recency": 6,
    "age": 6,
    "tenure_months": 4,
    "mean_interval_days": 4,
}
RENAMED = {"revenue": "total", "revenue_trend": "trend_of_spend", "stage": "lifecycle"}
TEXT = ("tier", "tier_pending", "loyalty", "stage", "segment", "quadrant", "wallet_basis", "rfm")


HELD = {
    "customer": pa.int64(),
    **dict.fromkeys(("tier", "tier_by_score", "is_by_hand", "tier_pending"), pa.string()),
}


# Called at the end of each publication, in its transaction, when everybody's standing is the new one.
on_published: list[Callable[[], object]] = []


def store_snapshots(run: ValueRun, measurement: Measurement) -> None:
    """Write one row per customer by COPY; snapshots of earlier runs of the same day make room."""
    names = snapshot_columns()
    overrides = overriding.overrides_for(run)
    measured = measurement.customers

    def part(start: int, rows: int) -> pa.Table:
        return snapshot_table(run, measured.slice(start, rows), overrides).select(names)

    copy_into("insight_snapshot", InParts(measured.num_rows, part))
    ValueRun.objects.filter(pk=run.pk).update(has_snapshots=True)
    run.has_snapshots = True


def snapshot_columns() -> list[str]:
    return [str(field.column) for field in Snapshot._meta.concrete_fields if field.column != "id"]


def snapshot_table(run: ValueRun, measured: pa.Table, overrides: list[TierOverride]) -> pa.Table:
    """Customers of the measurement in the columns of `Snapshot`, rounded to what people can see."""
    rows = measured.num_rows
    columns: dict[str, pa.ChunkedArray | pa.Array] = {
        "run_id": pa.array([run.pk] * rows, pa.int64()),
        "customer_id": measured["customer"],
        "as_of": pa.array([run.as_of] * rows, pa.date32()),
        "leaves": _leaves(measured["leaves"]),
        "rfm": _rfm(measured),
        **overriding.tier_columns(measured, overrides, run.as_of),
    }
    for name in snapshot_columns():
        if name in columns:
            continue
        column = measured[RENAMED.get(name, name)]
        if name in ROUNDED:
            column = _rounded(column, ROUNDED[name])
        columns[name] = column
    for name in TEXT:
        columns[name] = pc.fill_null(columns[name], "")
    columns["realised_is_estimate"] = pc.fill_null(columns["realised_is_estimate"], False)
    for name in ("occasions", "repeats"):
        columns[name] = pc.fill_null(columns[name], 0)
    return pa.table(columns)


def _rounded(column: pa.ChunkedArray, digits: int) -> pa.ChunkedArray:
    known = pc.if_else(pc.is_finite(column), column, None)
    return pc.round(known, ndigits=digits)


def _rfm(measured: pa.Table) -> pa.Array:
    digits = [
        pc.cast(measured[f"{each}_score"], pa.string())
        for each in ("recency", "frequency", "monetary")
    ]
    return pc.binary_join_element_wise(*digits, "")


def _leaves(leaves: pa.ChunkedArray) -> pa.Array:
    """Lists of rounded numbers; what is not measured is null."""
    lists = pc.cast(leaves, pa.list_(pa.float64()))
    array = pa.concat_arrays(lists.chunks) if lists.num_chunks else pa.array([], lists.type)
    flat = array.flatten()
    known = pc.if_else(pc.fill_null(pc.is_finite(flat), False), flat, None)
    ends = np.cumsum(pc.list_value_length(array).to_numpy(zero_copy_only=False))
    starts = pa.array(np.concatenate(([0], ends)), pa.int32())
    return pa.ListArray.from_arrays(starts, pc.round(known, ndigits=6))


def previous_tiers(run: ValueRun) -> pa.Table:
    """What a run left for the hysteresis of the next one: the tiers of the scores."""
    rows = Snapshot.objects.filter(run=run).order_by("customer_id").values_list(*HELD)
    found = copied_rows(rows, HELD)
    is_by_hand = pc.equal(found["is_by_hand"], "t")
    tier = pc.if_else(is_by_hand, found["tier_by_score"], found["tier"])
    pending = found["tier_pending"]
    return pa.table(
        {
            "customer": found["customer"],
            "tier": pc.if_else(pc.equal(tier, ""), None, tier),
            "tier_pending": pc.if_else(pc.equal(pending, ""), None, pending),
        }
    )


def supersede(run: ValueRun) -> None:
    """Earlier runs of the same day give up their snapshots: a day has one state."""
    earlier = ValueRun.objects.filter(
        as_of=run.as_of, has_snapshots=True, state=ValueRun.State.PUBLISHED
    ).exclude(pk=run.pk)
    forget_snapshots(earlier.values_list("pk", flat=True))


def forget_snapshots(runs: Iterable[int]) -> int:
    """Drop the snapshots of these runs; the runs themselves, their figures and all moves stay."""
    identities = list(runs)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM insight_influence WHERE run_id = ANY(%s)", [identities])
        cursor.execute("DELETE FROM insight_snapshot WHERE run_id = ANY(%s)", [identities])
        gone = int(cursor.rowcount)
    KeptFigure.objects.filter(run__in=identities).delete()
    ValueRun.objects.filter(pk__in=identities).update(has_snapshots=False)
    return gone


# Whose tier or stage isn't what it was, and whoever was ever moved by hand. The planner can't know a table
# filled a moment ago: a small copy with statistics keeps it from guessing.
CLASSES = """
    DROP TABLE IF EXISTS classes;
    CREATE TEMP TABLE classes ON COMMIT DROP AS
    SELECT n.customer_id, n.tier, n.stage, coalesce(p.tier, '') AS tier_before,
        coalesce(p.stage, '') AS stage_before
    FROM insight_snapshot n
    LEFT JOIN insight_snapshot p ON p.run_id = %(before)s AND p.customer_id = n.customer_id
    WHERE n.run_id = %(run)s AND ((n.tier, n.stage) IS DISTINCT FROM (p.tier, p.stage)
        OR n.customer_id IN (SELECT customer_id FROM insight_tieroverride WHERE approved_on IS NOT NULL));
    ANALYZE classes
"""
MOVES = """
    DROP TABLE IF EXISTS moves_new;
    CREATE TEMP TABLE moves_new ON COMMIT DROP AS
    SELECT n.customer_id, {before} AS before, n.{column} AS after FROM classes n {last}
    WHERE n.{column} <> '' AND n.{column} <> {before};
    ANALYZE moves_new
"""
# Whoever was ever moved by hand goes on from the last move: it may lie between two runs.
LAST_MOVE = """
    LEFT JOIN LATERAL (
        SELECT m.after FROM insight_tiermove m
        WHERE n.customer_id IN
                (SELECT customer_id FROM insight_tieroverride WHERE approved_on IS NOT NULL)
            AND m.customer_id = n.customer_id
            AND m.moved_on < %(day)s + (n.customer_id = ANY(%(decided)s))::int
        ORDER BY m.moved_on DESC, m.id DESC LIMIT 1) l ON true
"""
GONE_MOVES = """
    DELETE FROM {table} m WHERE m.moved_on = %(day)s AND NOT EXISTS (
        SELECT 1 FROM moves_new n
        WHERE n.customer_id = m.customer_id AND n.before = m.before AND n.after = m.after) {kept}
"""
FRESH_MOVES = """
    INSERT INTO {table} (customer_id, run_id, moved_on, before, after)
    SELECT n.customer_id, %(run)s, %(day)s, n.before, n.after FROM moves_new n
    WHERE NOT EXISTS (
        SELECT 1 FROM {table} m WHERE m.moved_on = %(day)s AND n.customer_id = m.customer_id
            AND n.before = m.before AND n.after = m.after)
"""
# Column: where the customer was before, what that needs, and which moves of the day stay whatever came out.
MOVING = {
    "tier": (
        "coalesce(l.after, n.tier_before)",
        LAST_MOVE,
        "AND m.customer_id <> ALL(%(decided)s)",
    ),
    "stage": ("n.stage_before", "", ""),
}


def write_moves(run: ValueRun) -> int:
    """Who changed tier or stage since the day measured before; returns how many moves are new.

    A run of a past day also puts right the moves of the day measured after it.
    """
    written = _write_moves(run)
    later = ValueRun.objects.readable().filter(as_of__gt=run.as_of).order_by("as_of", "-id").first()
    if later is not None:
        written += _write_moves(later)
    return written


def _write_moves(run: ValueRun) -> int:
    previous = before(run)
    decided = overriding.decided_on(run.as_of)
    facts: dict[str, Any] = {"run": run.pk, "day": run.as_of, "decided": decided}
    facts["before"] = previous.pk if previous else None
    written = 0
    with sober() as cursor:
        # Snapshots lie in the order of customers.
        cursor.execute("SET LOCAL enable_hashjoin = off")
        cursor.execute(CLASSES, facts)
        cursor.execute("SET LOCAL enable_hashjoin = on")
        for model, column in ((TierMove, "tier"), (StageMove, "stage")):
            table = model._meta.db_table
            was, last, kept = MOVING[column]
            cursor.execute(MOVES.format(column=column, before=was, last=last), facts)
            cursor.execute(GONE_MOVES.format(table=table, kept=kept), facts)
            cursor.execute(FRESH_MOVES.format(table=table), facts)
            written += cursor.rowcount
    return written


@contextmanager
def sober() -> Iterator[CursorWrapper]:
    """A cursor for statements over whole tables: they aren't compiled first, which takes longer than they do,
    and never joined row by row. What was filled in this transaction has no statistics yet and looks empty to
    the planner: a million moves, each looking through those before it, would take the night.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield cursor
        cursor.execute("SET LOCAL enable_nestloop = on")


def before(run: ValueRun) -> ValueRun | None:
    """The readable run of the last day before this one's."""
    return ValueRun.objects.readable().filter(as_of__lt=run.as_of).first()
