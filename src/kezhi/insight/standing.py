"""Everybody's standing is brought up to a run: the rows that changed, or all of them in a table written anew.

A night changes nearly every row of a large company, and a row that changes is written into every index again:
a million rows and eleven indexes take half a minute and leave as much behind for the vacuum. A new table that
is filled in one go and then indexed costs less than half of that, nobody waits for it, and it takes the place
of the present one in a moment (docs/decisions/standings-are-written-anew.md).
"""

# ruff: noqa: S608  # tables and columns are the code's own names

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from kezhi.customers.models import Exemption, Standing
from kezhi.insight import exempting, overriding
from kezhi.insight.models import ValueRun
from kezhi.insight.publishing import sober

logger = logging.getLogger(__name__)

REFERENCE_DAYS = 28
MANY_ROWS = 20_000
MANY_CHANGED = 0.25
"""Share of the rows from which on writing all of them costs less than writing those."""
SAMPLE = 2_000
LEAVING = 7_320_582  # the advisory lock that whoever deletes customers takes, see the trigger
PATIENCE, PAUSE = 8, 0.4
"""How often the exchange is tried while somebody reads for long (a backup), and the seconds between."""

# Column of `Standing`: the expression over the snapshot n, the reference r, the last moves t and g.
STANDING = {
    "tier": "n.tier",
    "previous_tier": "coalesce(t.before, '')",
    "tier_since": "t.moved_on",
    "loyalty": "n.loyalty",
    "stage": "n.stage",
    "stage_since": "g.moved_on",
    "score": "n.score",
    "score_change": "round((n.score - r.score)::numeric, 3)::float8",
    "first_order_on": "n.first_on",
    "last_order_on": "n.last_on",
    "occasions": "n.occasions",
    "revenue_12m": "n.revenue_12m",
    "contribution_12m": "n.contribution_12m",
    "revenue_trend": "n.revenue_trend",
    "realised_value": "n.realised_value",
    "realised_is_estimate": "n.realised_is_estimate",
    "current_value": "n.current_value",
    "potential_value": "n.potential_value",
    "growth_value": "n.growth_value",
    "potential_low": "n.outcome_low + coalesce(n.growth_low, 0)",
    "potential_high": "n.outcome_high + coalesce(n.growth_high, 0)",
    "value_at_risk": "n.value_at_risk",
    "p_alive": "n.p_alive",
    "p_alive_before": "r.p_alive",
    "p_purchase_12m": "n.p_purchase_12m",
    "expected_next_on": "n.expected_next_on",
    "overdue_ratio": "n.overdue_ratio",
    "quadrant": "n.quadrant",
    "loyalty_index": "n.loyalty_index",
    "influence_index": "n.influence_index",
    "recency_score": "nullif(substr(n.rfm, 1, 1), '')::smallint",
    "frequency_score": "nullif(substr(n.rfm, 2, 1), '')::smallint",
    "monetary_score": "nullif(substr(n.rfm, 3, 1), '')::smallint",
}
FIGURES = """
    FROM {whom}
    LEFT JOIN insight_snapshot r ON r.run_id = %(reference)s AND r.customer_id = n.customer_id
    LEFT JOIN (SELECT DISTINCT ON (customer_id) customer_id, before, moved_on FROM insight_tiermove
               WHERE moved_on <= %(day)s ORDER BY customer_id, moved_on DESC, id DESC) t
           ON t.customer_id = n.customer_id
    LEFT JOIN (SELECT DISTINCT ON (customer_id) customer_id, moved_on FROM insight_stagemove
               WHERE moved_on <= %(day)s ORDER BY customer_id, moved_on DESC, id DESC) g
           ON g.customer_id = n.customer_id
"""
BESIDE = """customers_standing s
    LEFT JOIN insight_snapshot n ON n.run_id = %(run)s AND n.customer_id = s.customer_id"""
STANDING_NEW = f"""
    DROP TABLE IF EXISTS standing_new;
    CREATE TEMP TABLE standing_new ON COMMIT DROP AS
    SELECT n.customer_id, {", ".join(f"{source} AS {name}" for name, source in STANDING.items())}
    {FIGURES.format(whom="insight_snapshot n")} WHERE n.run_id = %(run)s;
    ANALYZE standing_new
"""
STANDING_CHANGED = f"""
    UPDATE customers_standing s SET run_id = %(run)s, measured_on = %(day)s,
        {", ".join(f"{name} = n.{name}" for name in STANDING)}
    FROM standing_new n
    WHERE n.customer_id = s.customer_id
      AND (s.run_id IS NULL OR ({", ".join(f"s.{name}" for name in STANDING)})
                               IS DISTINCT FROM ({", ".join(f"n.{name}" for name in STANDING)}))
"""
# Who wasn't measured keeps what the row says.
MEASURED_ELSE = "CASE WHEN n.customer_id IS NULL THEN s.{name} ELSE {source} END"
EVERY = {"run_id": "%(run)s", "measured_on": "%(day)s", **STANDING}
ANEW = f"""
    INSERT INTO customers_standing_next (customer_id, owner_id, team_id, department_id, {", ".join(EVERY)})
    SELECT s.customer_id, s.owner_id, s.team_id, s.department_id,
        {", ".join(MEASURED_ELSE.format(name=name, source=source) for name, source in EVERY.items())}
    {FIGURES.format(whom=BESIDE)}
    ORDER BY s.customer_id
"""
TELLING = ("score", "potential_value", "p_alive", "revenue_12m", "tier")
CHANGED = f"""
    SELECT count(*), count(*) FILTER (WHERE ({", ".join(f"s.{name}" for name in TELLING)})
                                            IS DISTINCT FROM ({", ".join(f"n.{name}" for name in TELLING)}))
    FROM customers_standing s TABLESAMPLE SYSTEM (%(percent)s)
    JOIN insight_snapshot n ON n.run_id = %(run)s AND n.customer_id = s.customer_id
"""
# What a run wrote of customers that were deleted since it read them.
OF_CUSTOMERS = ("insight_snapshot", "insight_tiermove", "insight_stagemove")
LATEST_OF_CUSTOMERS = ("insight_lostcustomer", "insight_paymentbehaviour")


@dataclass(frozen=True, slots=True)
class Standings:
    """Standings of a run that nobody sees yet: `show` them as the last that is done before the commit."""

    run: ValueRun
    facts: dict[str, Any]
    since: int | None = None
    held: int = 0

    def show(self) -> int:
        """Everybody who looks from the commit on sees them; returns how many rows were written."""
        gone = None if self.since is None else _exchange(self.since, self.held)
        if gone is None:
            written = self._change_rows()
        else:
            written = self.held
            with connection.cursor() as cursor:
                _forget(cursor, self.run, gone)
        overriding.hold_what_was_decided(self.run)
        _forget_exempted()
        return written

    def _change_rows(self) -> int:
        with sober() as cursor:
            if self.since is not None:
                logger.warning("Somebody reads the standings for long: rows are changed one by one")
                cursor.execute(STANDING_NEW, self.facts)
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LEAVING])
            cursor.execute(STANDING_CHANGED, self.facts)
            written = int(cursor.rowcount)
            _forget_all_gone(cursor, self.run)
        return written


def prepare_standings(run: ValueRun) -> Standings:
    """Work out what each standing becomes, and write it where nobody looks."""
    latest = ValueRun.objects.readable().filter(
        as_of__lte=run.as_of - timedelta(days=REFERENCE_DAYS)
    )
    reference = latest.first()
    facts = {"run": run.pk, "day": run.as_of, "reference": reference.pk if reference else None}
    with sober() as cursor:
        if run.customers < MANY_ROWS or _changed(cursor, run) < MANY_CHANGED:
            cursor.execute(STANDING_NEW, facts)
            return Standings(run, facts)
        cursor.execute("SELECT kezhi_standing_next()")
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        since = int(cursor.fetchone()[0])
        # Everything lies in the order of customers.
        cursor.execute("SET LOCAL enable_hashjoin = off")
        cursor.execute(ANEW, facts)
        held = int(cursor.rowcount)
        cursor.execute("SET LOCAL enable_hashjoin = on")
        cursor.execute("SELECT kezhi_standing_index()")
        cursor.execute("SELECT count(*) FROM customers_standing_next WHERE run_id = %s", [run.pk])
        if cursor.fetchone()[0] != run.customers:
            _forget_all_gone(cursor, run)
    return Standings(run, facts, since, held)


def validate_standings() -> None:
    """After the commit: the key of a table that took the other's place is checked, while everybody works.

    Where the table can't be had, the next run does it; the key holds for all that is written meanwhile.
    """
    with suppress(OperationalError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT kezhi_standing_validate()")


def _changed(cursor: CursorWrapper, run: ValueRun) -> float:
    """The share of the rows that the run changes, from a sample of them."""
    percent = min(100.0, 100.0 * SAMPLE / run.customers)
    cursor.execute("SET LOCAL enable_nestloop = on")
    cursor.execute(CHANGED, {"run": run.pk, "percent": percent})
    looked_at, changed = cursor.fetchone()
    cursor.execute("SET LOCAL enable_nestloop = off")
    return changed / looked_at if looked_at else 1.0


def _exchange(since: int, held: int) -> list[int] | None:
    """The customers that were deleted meanwhile; None where the present table can't be had for a moment."""
    for attempt in range(PATIENCE):
        if attempt:
            time.sleep(PAUSE)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT kezhi_standing_exchange(%s, %s)", [since, held])
                return list(cursor.fetchone()[0])
        except OperationalError:
            continue
    return None


def _forget_all_gone(cursor: CursorWrapper, run: ValueRun) -> None:
    cursor.execute(
        """SELECT n.customer_id FROM insight_snapshot n
           LEFT JOIN customers_standing s ON s.customer_id = n.customer_id
           WHERE n.run_id = %s AND s.customer_id IS NULL""",
        [run.pk],
    )
    _forget(cursor, run, [row[0] for row in cursor.fetchall()])


def _forget_exempted() -> None:
    """Who objected to being judged while the run worked isn't, although the run did."""
    judged = Standing.objects.exclude(score=None, potential_value=None, p_alive=None)
    exempt = judged.filter(
        pk__in=Exemption.objects.filter(ended_on=None).values("customer_id")
    ).values_list("pk", flat=True)
    if found := list(exempt):
        exempting.forget(found)


def _forget(cursor: CursorWrapper, run: ValueRun, customers: list[int]) -> None:
    if not customers:
        return
    for table in OF_CUSTOMERS:
        cursor.execute(
            f"DELETE FROM {table} WHERE run_id = %s AND customer_id = ANY(%s)", [run.pk, customers]
        )
    for table in LATEST_OF_CUSTOMERS:
        cursor.execute(f"DELETE FROM {table} WHERE customer_id = ANY(%s)", [customers])
