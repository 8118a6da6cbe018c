# ruff: noqa: S608 - the parts are fragments of this module; what people typed comes as parameters
"""The figures of a report: one pass over the records, as the actor may see them, exact to the last digit.

The ORM writes the inner question (scope, filters, relations) with names of ours for its columns; around it
stands SQL of this module that knows these names only. First the records are grouped as finely as needed, then
the groups are ranked and what is beyond the first of them is put together as one.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable, QueryCanceled

from kezhi.core.refusal import Refused
from kezhi.workbench.reporting.dimensions import Dimension
from kezhi.workbench.reporting.measures import DISTINCT, SHARE, Measure

SECONDS = 15
# A question that the planner thinks dear takes turns with others: half of the processors stay for the pages.
DEAR = 20_000
AT_ONCE = max(1, (os.cpu_count() or 2) // 2)
PATIENCE = "10s"
TURNS = 20261122  # the first key of the locks
MOST_TIMES = 400  # groups of a time; beyond, the earliest are put together
MOST_TIMES_CROSSED = 60
NUMBERS_OF_DAYS = {
    "day": "{0}",
    "week": "date_trunc('week', {0}::timestamp)::date",
    "month": "date_trunc('month', {0}::timestamp)::date",
    "quarter": "date_trunc('quarter', {0}::timestamp)::date",
    "year": "date_trunc('year', {0}::timestamp)::date",
}
# Two processors share the work where the planner finds that it pays.
SETTINGS = (
    "SELECT set_config('statement_timeout', %s, true), set_config('work_mem', '64MB', true),"
    " set_config('parallel_setup_cost', '100', true), set_config('parallel_tuple_cost', '0.01', true)"
)


class TooSlow(Refused):
    """The question was given up after `SECONDS`."""


@dataclass(frozen=True)
class Group:
    """The key of a group of one dimension: its entry, nothing, what may not be seen, or the others."""

    entry: Any = None
    is_unseen: bool = False
    is_others: bool = False


@dataclass(frozen=True)
class Figures:
    """`cells` by the groups of each dimension, None standing for all of them; one entry a measure.

    `beyond` is how many groups of each dimension were put together as the others.
    """

    groups: tuple[tuple[Group, ...], ...]
    cells: dict[tuple[Group | None, ...], tuple[Any, ...]]
    beyond: tuple[int, ...] = ()
    rows: int = 0
    counts: dict[tuple[Group | None, ...], int] = field(default_factory=dict)

    def at(self, *groups: Group | None, measure: int = 0) -> Any:
        found = self.cells.get(groups)
        return found[measure] if found is not None else None

    def count_at(self, *groups: Group | None) -> int:
        return self.counts.get(groups, 0)

    @property
    def total(self) -> tuple[Any, ...]:
        return self.cells.get((None,) * len(self.groups), ())


def compute(
    rows: Any, measures: Sequence[Measure], dimensions: Sequence[Dimension], asking: Any, top: int
) -> Figures:
    """The figures over a queryset of records that were made `visible_to` the actor; shares are amounts yet."""
    try:
        inner, parameters = _inner(rows, measures, dimensions, asking)
    except EmptyResultSet:
        return Figures(tuple(() for _each in dimensions), {})
    sql = _outer(inner, measures, dimensions)
    parameters = (*parameters, *_limits(dimensions, top))
    found = _asked(sql, parameters)
    return _read(found, measures, dimensions)


def _inner(
    rows: Any, measures: Sequence[Measure], dimensions: Sequence[Dimension], asking: Any
) -> tuple[str, tuple[Any, ...]]:
    """Columns d0, u0, d1, u1, m0, m1 … of every record."""
    columns: dict[str, Any] = {}
    entries: dict[str, Any] = {}
    for at, each in enumerate(dimensions):
        entries[f"entry_d{at}"] = each.entry
        columns[f"column_d{at}"] = each.expression(f"entry_d{at}", asking)
        if each.shown is not None:
            columns[f"column_u{at}"] = each.shown
    for at, measure in enumerate(measures):
        if measure.way is not None:
            entries[f"entry_m{at}"] = measure.source
            columns[f"column_m{at}"] = measure.entry(f"entry_m{at}")
    rows = rows.order_by().select_related(None).alias(**entries).annotate(**columns)
    names = list(columns) or ["pk"]
    sql, parameters = rows.values_list(*names).query.sql_with_params()
    return sql, tuple(parameters)


def _columns(measures: Sequence[Measure], dimensions: Sequence[Dimension]) -> list[str]:
    """The names of the inner question's columns, in its order."""
    names = []
    for at, each in enumerate(dimensions):
        names.append(f"d{at}")
        if each.shown is not None:
            names.append(f"u{at}")
    names += [f"m{at}" for at, measure in enumerate(measures) if measure.way is not None]
    return names or ["pk"]


def _outer(inner: str, measures: Sequence[Measure], dimensions: Sequence[Dimension]) -> str:
    keys = range(len(dimensions))
    distinct = [at for at, each in enumerate(measures) if each.function == DISTINCT]
    summed = [at for at, m in enumerate(measures) if m.way is not None and m.function != DISTINCT]
    plain = [
        *(
            f"{_key(each, at)} AS d{at}, {_unseen(each, at)} AS u{at}"
            for at, each in enumerate(dimensions)
        ),
        *(f"m{at} AS k{at}" for at in distinct),
    ]
    parts = ["count(*) AS n", *(part for at in summed for part in _parts(measures[at], at))]
    # What is the same in all rows is no key: each key costs, a million times over.
    keyed = [2 * at + 1 for at in keys]
    keyed += [2 * at + 2 for at, each in enumerate(dimensions) if each.shown is not None]
    keyed += [2 * len(dimensions) + place + 1 for place in range(len(distinct))]
    by = ", ".join(str(place) for place in keyed)
    fine = (
        f"fine AS MATERIALIZED (SELECT {', '.join([*plain, *parts])}"
        f" FROM ({inner}) AS facts ({', '.join(_columns(measures, dimensions))})"
        + (f" GROUP BY {by}" if by else "")
        + ")"
    )
    ranked = [_ranked(at, each, measures) for at, each in enumerate(dimensions)]
    placed = ", ".join(
        f"coalesce(r{at}.place, CASE WHEN fine.d{at} IS NULL THEN"
        f" (SELECT place FROM ranked{at} WHERE d IS NULL AND u = fine.u{at}) END, 0) AS p{at}"
        for at in keys
    )
    joins = " ".join(
        f"LEFT JOIN ranked{at} AS r{at} ON r{at}.d = fine.d{at} AND r{at}.u = fine.u{at}"
        for at in keys
    )
    places = ", ".join(f"p{at}" for at in keys)
    names = "".join(
        f", max(d{at}) FILTER (WHERE p{at} > 0), bool_or(u{at}),"
        f" count(DISTINCT d{at}) FILTER (WHERE p{at} = 0)"
        for at in keys
    )
    figures = "".join(f", {_combined(each, at)}" for at, each in enumerate(measures))
    grouping = f"GROUPING({places}), {places}" if dimensions else "0"
    return (
        f"WITH {', '.join([fine, *ranked])}"
        f" SELECT {grouping}{names}, sum(n){figures}"
        f" FROM (SELECT fine.*{', ' + placed if placed else ''} FROM fine {joins}) AS placed"
        + (f" GROUP BY CUBE({places}) ORDER BY {places}" if dimensions else "")
    )


def _parts(measure: Measure, at: int) -> tuple[str, ...]:
    """What of a measure the parts must know, so that it can be told of the whole."""
    return {
        "sum": (f"sum(m{at}) AS s{at}",),
        SHARE: (f"sum(m{at}) AS s{at}",),
        "avg": (f"sum(m{at}) AS s{at}", f"count(m{at}) AS c{at}"),
        "min": (f"min(m{at}) AS lo{at}",),
        "max": (f"max(m{at}) AS hi{at}",),
    }[measure.function]


def _key(each: Dimension, at: int) -> str:
    return NUMBERS_OF_DAYS[each.grain].format(f"d{at}") if each.is_time else f"d{at}"


def _unseen(each: Dimension, at: int) -> str:
    return f"NOT u{at}" if each.shown is not None else "false"


def _ranked(at: int, each: Dimension, measures: Sequence[Measure]) -> str:
    """The groups that are shown, by their place: the latest times, or the largest by the first measure."""
    order = (
        "d DESC NULLS LAST"
        if each.is_ordered
        else f"{_combined(measures[0], 0)} DESC NULLS LAST, d{at}"
    )
    order = order.replace("d DESC", f"d{at} DESC")
    return (
        f"ranked{at} AS (SELECT d{at} AS d, u{at} AS u, row_number() OVER (ORDER BY {order}) AS place"
        f" FROM fine GROUP BY d{at}, u{at} ORDER BY place LIMIT %s)"
    )


def _combined(measure: Measure, at: int) -> str:
    """A measure over groups that were made already."""
    if measure.way is None:
        return "sum(n)"
    if measure.function == DISTINCT:
        return f"count(DISTINCT k{at})"
    return {
        "sum": f"sum(s{at})",
        SHARE: f"sum(s{at})",
        "avg": f"sum(s{at}) / NULLIF(sum(c{at}), 0)",
        "min": f"min(lo{at})",
        "max": f"max(hi{at})",
    }[measure.function]


def _limits(dimensions: Sequence[Dimension], top: int) -> tuple[int, ...]:
    times = MOST_TIMES if len(dimensions) == 1 else MOST_TIMES_CROSSED
    return tuple(times if each.is_ordered else top for each in dimensions)


def _asked(sql: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(SETTINGS, [str(SECONDS * 1000)])
            _wait_for_a_turn(cursor, sql, parameters)
            cursor.execute(sql, parameters)
            found = list(cursor.fetchall())
            transaction.set_rollback(True)  # nothing was written; the settings end here
            return found
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise TooSlow(
                _("Many large reports are being worked out just now. Try again in a moment.")
            ) from error
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlow(
                _(
                    "This report took longer than %(seconds)d seconds and was stopped. Choose a shorter"
                    " period or fewer groups."
                )
                % {"seconds": SECONDS}
            ) from error
        raise


def _wait_for_a_turn(cursor: Any, sql: str, parameters: tuple[Any, ...]) -> None:
    """A dear question waits until one of the turns is free; the turn ends with the transaction.

    Who had to wait isn't alone, and works on one processor: the pages need the others.
    """
    cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
    plan = cursor.fetchone()[0][0]["Plan"]
    if plan["Total Cost"] < DEAR:
        return
    turn = secrets.randbelow(AT_ONCE)
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [TURNS, turn])
    if cursor.fetchone()[0]:
        return
    cursor.execute(
        "SELECT set_config('lock_timeout', %s, true),"
        " set_config('max_parallel_workers_per_gather', '0', true)",
        [PATIENCE],
    )
    cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [TURNS, turn])


def _read(
    found: list[tuple[Any, ...]], measures: Sequence[Measure], dimensions: Sequence[Dimension]
) -> Figures:
    many = len(dimensions)
    groups: list[dict[int, Group]] = [{} for _each in dimensions]
    beyond = [0] * many
    cells: dict[tuple[Group | None, ...], tuple[Any, ...]] = {}
    counts: dict[tuple[Group | None, ...], int] = {}
    for row in found:
        grouping, places = row[0], row[1 : 1 + many]
        told = row[1 + many : 1 + 4 * many]
        n, *figures = row[1 + 4 * many :]
        key: list[Group | None] = []
        for at in range(many):
            if grouping >> (many - 1 - at) & 1:
                key.append(None)
                continue
            entry, is_unseen, others = told[3 * at : 3 * at + 3]
            is_others = places[at] == 0
            if is_others:
                beyond[at] = max(beyond[at], others)
            group = (
                Group(None, bool(is_unseen), True) if is_others else Group(entry, bool(is_unseen))
            )
            key.append(groups[at].setdefault(places[at], group))
        cells[tuple(key)] = tuple(figures)
        counts[tuple(key)] = int(n or 0)
    return Figures(
        tuple(_in_order(known, each) for known, each in zip(groups, dimensions, strict=True)),
        cells,
        tuple(beyond),
        counts.get((None,) * many, 0),
        counts,
    )


def shared(figures: Figures, measures: Sequence[Measure]) -> Figures:
    """The figures with each share as a part of the whole, instead of the amount that it is the share of."""
    shares = [at for at, each in enumerate(measures) if each.function == SHARE]
    if not shares or not figures.total:
        return figures
    cells = {key: _parted(row, figures.total, shares) for key, row in figures.cells.items()}
    return replace(figures, cells=cells)


def _parted(row: tuple[Any, ...], total: tuple[Any, ...], shares: list[int]) -> tuple[Any, ...]:
    return tuple(
        (Decimal(entry) / Decimal(total[at]) if entry is not None and total[at] else None)
        if at in shares
        else entry
        for at, entry in enumerate(row)
    )


def _in_order(known: dict[int, Group], each: Dimension) -> tuple[Group, ...]:
    """As ranked, the others at the end; what has an order of its own in that order, nothing at the end."""
    ranked = [known[place] for place in sorted(known) if place]
    if each.is_ordered:
        there = [group for group in ranked if group.entry is not None]
        order = {key: at for at, (key, _label) in enumerate(each.field.choices)}
        there.sort(key=lambda g: order.get(g.entry, len(order)) if order else g.entry)
        ranked = [*there, *(group for group in ranked if group.entry is None)]
    others = [known[0]] if 0 in known else []
    return (*others, *ranked) if each.is_time else (*ranked, *others)
