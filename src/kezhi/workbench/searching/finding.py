"""Find records by what somebody typed: exact hits first, the actor's scope inside the one look-up."""

# ruff: noqa: S608  # tables and columns are the code's own names; what was typed goes as a parameter
from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from kezhi.core.actor import Actor
from kezhi.records import Kind
from kezhi.workbench.searching.documents import TABLE
from kezhi.workbench.searching.lexemes import BANDS, NAMES
from kezhi.workbench.searching.looking import Arm, statement
from kezhi.workbench.searching.reach import Reach
from kezhi.workbench.searching.subjects import subject
from kezhi.workbench.searching.wording import Wording, read

FENCE = 2_000
GLANCE = 400  # rows that are looked at while somebody types, where very many hold the words
GLANCE_OF_KIND = 250
GLANCE_OF_FEW = 1_000
MOST_EXACT = 50
ENOUGH = 12
EVERYWHERE = 0.05  # of all documents: far above the planner's guess for an unknown beginning
WORTH_READING = 6_000  # entries of an index, for the few rows that are shown of them
WORTH_ALL = 60_000
WORTH_A_SAMPLE = 6  # to read a document costs as much as so many entries of an index


@dataclass(frozen=True)
class Place:
    """A record that was found: rank 0 is exact, 1 begins so, 2 holds it somewhere."""

    kind: str
    pk: int
    rank: int


@dataclass(frozen=True)
class Group:
    """What was found of a kind: the first places and how many there are in all, as far as was looked."""

    kind: Kind
    places: tuple[Place, ...]
    count: int

    @property
    def rank(self) -> int:
        return min(place.rank for place in self.places)


@dataclass(frozen=True)
class Found:
    wording: Wording
    groups: tuple[Group, ...] = ()
    total: int = 0
    is_capped: bool = False  # there are more than were looked at


def find(
    text: str,
    *,
    by: Actor,
    kinds: Sequence[str] | None = None,
    most: int = 5,
    skip: int = 0,
    is_thorough: bool = False,
) -> Found:
    """What `by` may know of and what holds every word of `text`, grouped by kind, the best first.

    Unless `is_thorough`, longer words aren't looked for once enough are found that are exactly so.
    """
    wording = read(text)
    among = None if kinds is None else [s for s in map(subject, kinds) if s is not None]
    reach = Reach.of(by, among)
    if wording.is_empty or not reach.clauses:
        return Found(wording)
    if wording.is_broad and not is_thorough:
        found = _look(wording, reach, by, most, skip, is_exact=True, is_glance=True)
        if found.total >= ENOUGH:
            return found
    return _look(wording, reach, by, most, skip, is_exact=False, is_glance=not is_thorough)


def _look(
    wording: Wording,
    reach: Reach,
    by: Actor,
    most: int,
    skip: int,
    *,
    is_exact: bool,
    is_glance: bool,
) -> Found:
    query = reach.query(wording, is_exact=is_exact)
    expected, share = (0, 0.0) if wording.is_narrow else expected_rows(query)
    is_short = is_glance and expected > FENCE
    fence = max(GLANCE if is_short else GLANCE_OF_FEW, skip + most) if is_glance else FENCE
    search = Search(wording, reach, by, most, skip)
    arms = list(_exact(wording, fence))
    if expected > FENCE and not is_exact and wording.as_beginning() is not None:
        arms += _begins(search, expected, fence, is_glance=is_glance)
        rows = search.rows(arms, fence)
        enough = (ENOUGH if wording.is_broad else GLANCE_OF_KIND) if is_glance else fence + 1
        if rows and rows[0][-1] >= enough:
            return _grouped(wording, reach, rows, fence, is_capped=True)
    if share > EVERYWHERE and fence / share * WORTH_A_SAMPLE < expected:
        some = Arm(wording, fence + 1, is_exact=is_exact, sample=fence / expected * 150)
        rows = search.rows([*arms, some], fence)
        if rows and rows[0][-1] > fence / 2:  # elsewhere the index is asked after all
            return _grouped(wording, reach, rows, fence, is_capped=True)
    rows = search.rows([*arms, Arm(wording, fence + 1, is_exact=is_exact)], fence)
    return _grouped(wording, reach, rows, fence)


@dataclass(frozen=True)
class Search:
    """What is asked for, by whom, and which places of each kind are wanted."""

    wording: Wording
    reach: Reach
    by: Actor
    most: int
    skip: int

    def rows(self, arms: Sequence[Arm], fence: int) -> list[tuple[Any, ...]]:
        sql, params = statement(self.wording, self.reach, self.by, arms, fence)
        with reading() as cursor:
            cursor.execute(
                f"""{sql} SELECT kind, object_id, rank, place, of_kind, total FROM ranked
                    WHERE place > %s AND place <= %s ORDER BY kind, place""",
                [*params, self.skip, self.skip + self.most],
            )
            return cursor.fetchall()


def _exact(wording: Wording, fence: int) -> Iterator[Arm]:
    """What is exactly so is looked for apart: no number of other finds crowds it out."""
    if wording.is_code:
        yield Arm(wording, MOST_EXACT, is_exact=True)
    if wording.whole:
        yield Arm(wording.as_name(), fence)


def _begins(search: Search, expected: int, fence: int, *, is_glance: bool) -> Iterator[Arm]:
    """Names that begin so. Who sees all is shown some of each kind; a part of them is little enough."""
    begun = search.wording.as_beginning()
    if search.reach.is_narrow and begun is not None:
        yield Arm(begun, fence + 1, is_begin=True)
        return
    named = [name for name, kind in search.reach.kinds.items() if _has_names(kind)]
    limit = min(fence, GLANCE_OF_KIND) if is_glance else fence + 1
    for name, rows in _rows_of(named, search.reach).items():
        bands = math.ceil(BANDS * WORTH_READING / max(1, min(expected, rows)))
        begun = search.wording.as_beginning_of(name, min(BANDS, bands))
        yield Arm(begun, limit, is_begin=True)
    if not is_glance and expected <= WORTH_ALL:
        yield Arm(search.wording, GLANCE_OF_KIND, besides=tuple(named))


def _has_names(kind: Kind) -> bool:
    title = next((each for each in kind.fields if each.name == kind.title), None)
    return title is not None and title.kind in NAMES and title.group == "general"


def _rows_of(names: Sequence[str], reach: Reach) -> dict[str, int]:
    """About how many records there are of each kind."""
    tables = {reach.kinds[name].model._meta.db_table: name for name in names}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, reltuples FROM pg_class WHERE oid = ANY(%s::regclass[])",
            [list(tables)],
        )
        return {tables[table]: int(rows) for table, rows in cursor.fetchall()}


@contextmanager
def reading() -> Iterator[Any]:
    """A cursor whose next statement asks the index.

    The planner would choose by a guess: it takes each beginning that it doesn't know for a frequent one and
    walks through the whole table for seconds to find nothing.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL max_parallel_workers_per_gather = 0"
        )
        yield cursor
        cursor.execute("SET LOCAL enable_seqscan = on")


def expected_rows(query: str) -> tuple[int, float]:
    """How many rows the planner expects by its statistics of frequent lexemes, and their share of all."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"EXPLAIN (FORMAT JSON) SELECT FROM {TABLE} WHERE tokens @@ %s::tsquery", [query]
        )
        row = cursor.fetchone()
        plan = row[0] if row else []
        plan = json.loads(plan) if isinstance(plan, str) else plan
        expected = int(plan[0]["Plan"]["Plan Rows"]) if plan else 0
        if expected <= FENCE:
            return expected, 0.0
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [TABLE])
        row = cursor.fetchone()
    return expected, expected / row[0] if row and row[0] > 0 else 0.0


def _grouped(
    wording: Wording,
    reach: Reach,
    rows: Sequence[tuple[Any, ...]],
    fence: int,
    *,
    is_capped: bool = False,
) -> Found:
    groups: dict[str, tuple[list[Place], int]] = {}
    total = 0
    for name, pk, rank, _place, of_kind, total_ in rows:
        groups.setdefault(name, ([], of_kind))[0].append(Place(name, pk, rank))
        total = total_
    made = [
        Group(kind, tuple(groups[name][0]), min(groups[name][1], fence))
        for name, kind in reach.kinds.items()
        if name in groups
    ]
    made.sort(key=lambda group: group.rank)
    return Found(wording, tuple(made), min(total, fence), is_capped or total > fence)
