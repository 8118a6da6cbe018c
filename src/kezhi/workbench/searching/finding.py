"""Find records by what somebody typed: exact hits first, the actor's scope inside the one look-up."""

# ruff: noqa: S608  # tables and columns are the code's own names; what was typed goes as a parameter
from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchVectorField
from django.db import connection, transaction
from django.db.models import BooleanField, Lookup, Model, Q

from kezhi.core.actor import Access, Actor
from kezhi.records import Kind, registry
from kezhi.workbench.models import SearchDocument
from kezhi.workbench.searching.documents import TABLE
from kezhi.workbench.searching.reach import Reach
from kezhi.workbench.searching.subjects import subject
from kezhi.workbench.searching.wording import Wording, read

FENCE = 2_000
GLANCE = 400  # rows that are looked at while somebody types, where very many hold the words
MOST_EXACT = 50
MOST_RANKED = 200  # of a kind by tier, where there are more finds than were looked at
ENOUGH = 12
EVERYWHERE = 0.1  # of all documents: far above the planner's guess for an unknown beginning


@dataclass(frozen=True)
class Standing:
    """Where a higher app keeps the tier of a customer, the best first; it says so when it is ready."""

    table: str
    key: str
    column: str
    kind: str
    group: str
    ranks: str  # the tiers, the best first, one letter each


_standings: list[Standing] = []


def rank_by(
    model: type[Model], *, key: str, column: str, kind: str, group: str, ranks: Iterable[str]
) -> None:
    """Of finds that fit equally well, those of the better tier come first."""
    _standings[:] = [Standing(model._meta.db_table, key, column, kind, group, "".join(ranks))]


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
    # Of a code the guess says nothing, and it is never everywhere.
    query = reach.query(wording, is_exact=is_exact)
    expected, share = (0, 0.0) if wording.is_code else _expected(query)
    is_short = is_glance and expected > FENCE
    fence = max(GLANCE, skip + most) if is_short else FENCE
    # Kinds lie together in the table: where a walk meets too few, the index is asked after all.
    ways = [int(fence / share * 2), 0] if share > EVERYWHERE else [0]
    for walk in ways:
        rows = _rows(wording, reach, by, most, skip, is_exact, fence, walk)
        if rows and rows[0][-1] > fence:
            break
    return _grouped(wording, reach, rows, fence)


def _rows(
    wording: Wording,
    reach: Reach,
    by: Actor,
    most: int,
    skip: int,
    is_exact: bool,
    fence: int,
    walk: int,
) -> list[tuple[Any, ...]]:
    """By the index, or of the first `walk` documents."""
    sql, params = _statement(wording, reach, by, is_exact=is_exact, fence=fence, walk=walk)
    with reading(is_walk=walk > 0) as cursor:
        cursor.execute(
            f"""{sql} SELECT kind, object_id, rank, place, of_kind, total FROM ranked
                WHERE place > %s AND place <= %s ORDER BY kind, place""",
            [*params, skip, skip + most],
        )
        return cursor.fetchall()


@contextmanager
def reading(*, is_walk: bool = False) -> Iterator[Any]:
    """A cursor whose next statement asks the index, or walks through the table where every few rows are finds.

    The planner would choose by a guess: it takes each beginning that it doesn't know for a frequent one and
    walks through the whole table for seconds to find nothing.
    """
    # Not in step with another walk: the same rows at each keystroke.
    unwanted = ("enable_bitmapscan", "synchronize_seqscans") if is_walk else ("enable_seqscan",)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET LOCAL {each} = off" for each in unwanted))
        yield cursor
        cursor.execute("; ".join(f"SET LOCAL {each} = on" for each in unwanted))


def _expected(query: str) -> tuple[int, float]:
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


def _grouped(wording: Wording, reach: Reach, rows: Sequence[tuple[Any, ...]], fence: int) -> Found:
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
    return Found(wording, tuple(made), min(total, fence), total > fence)


def _statement(
    wording: Wording, reach: Reach, by: Actor, *, is_exact: bool, fence: int = FENCE, walk: int = 0
) -> tuple[str, list[Any]]:
    """The fenced look-up, ranked. The fence is what keeps the planner from walking another index."""
    rank, rank_params = _rank(wording, reach)
    source = f"(SELECT * FROM {TABLE} LIMIT {walk})" if walk else TABLE
    arms: list[str] = []
    params: list[Any] = []

    def look(limit: int, *, is_exact: bool, is_shared: bool = False) -> None:
        guard, guard_params = reach.condition(wording, is_exact=is_exact, is_shared=is_shared)
        shared = " AND d.customer_id = ANY(%s)" if is_shared else ""
        arms.append(
            f"""(SELECT d.kind, d.object_id, d.customer_id, d.at, {rank} AS rank FROM {source} d
                 WHERE d.tokens @@ %s::tsquery{guard}{shared} LIMIT {limit})"""
        )
        params.extend(rank_params)
        params.append(reach.query(wording, is_exact=is_exact, is_shared=is_shared))
        params.extend(guard_params)
        if is_shared:
            params.append(list(reach.shared))

    if wording.is_code:
        look(MOST_EXACT, is_exact=True)
    look(fence + 1, is_exact=is_exact)
    if reach.shared:
        look(fence + 1, is_exact=is_exact, is_shared=True)
    tier, join = _tier(by, fence)
    return (
        f"""WITH m AS MATERIALIZED ({" UNION ".join(arms)}), counted AS (
              SELECT m.*, count(*) OVER (PARTITION BY kind) AS of_kind, count(*) OVER () AS total,
                row_number() OVER (PARTITION BY kind ORDER BY rank, at DESC, object_id DESC) AS newest
              FROM m), ranked AS (
              SELECT m.kind, m.object_id, m.rank, m.of_kind, m.total,
                row_number() OVER (PARTITION BY m.kind
                  ORDER BY m.rank, {tier}, m.at DESC, m.object_id DESC) AS place
              FROM counted m {join})""",
        params,
    )


def _rank(wording: Wording, reach: Reach) -> tuple[str, list[Any]]:
    whole = wording.whole.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    exact = "d.keys LIKE %s"
    params: list[Any] = [f"%\n{whole}\n%"]
    if wording.is_code:
        exact = f"({exact} OR d.tokens @@ %s::tsquery)"
        params.append(reach.query(wording, is_exact=True, is_shared=False))
    params.append(f"%\n{whole}%")
    return f"CASE WHEN {exact} THEN 0 WHEN d.keys LIKE %s THEN 1 ELSE 2 END", params


def _tier(by: Actor, fence: int) -> tuple[str, str]:
    """Ranked by tier only for those who may know it: the order would tell."""
    at = next(iter(_standings), None)
    if at is None or by.access(at.kind, at.group) < Access.READ:
        return "0", ""
    place = f"coalesce(nullif(position(s.{at.column} IN '{at.ranks}'), 0), {len(at.ranks) + 1})"
    # Of more than the fence holds, the newest are as good a choice as any: fewer tiers are looked up.
    wanted = f"m.total <= {fence} OR m.newest <= {MOST_RANKED}"
    return (
        f"CASE WHEN s.{at.column} <> '' THEN {place} ELSE {len(at.ranks) + 1} END",
        f"LEFT JOIN {at.table} s ON s.{at.key} = CASE WHEN {wanted} THEN m.customer_id END",
    )


# ---- for lists and choosers ----


@SearchVectorField.register_lookup
class Matches(Lookup):  # type: ignore[type-arg]
    """`tokens__matches=query`: the query in PostgreSQL's own spelling, made by `Reach.query`."""

    lookup_name = "matches"
    prepare_rhs = False
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, left_params = self.process_lhs(compiler, connection)
        return f"{left} @@ %s::tsquery", [*left_params, self.rhs]


def narrowing(kind: Kind, text: str, *, by: Actor) -> Q | None:
    """The condition on a kind's rows that they hold every word of the text, or that a record does to which
    they are linked (the orders of a customer by its name); None when there are no documents to search."""
    wording = read(text)
    own = ids(kind.name, wording, by=by)
    linked = [
        (each.path, ids(each.link, wording, by=by))
        for each in kind.fields
        if each.is_searchable and each.link
    ]
    if own is None and all(found is None for _path, found in linked):
        return None
    condition = Q(pk__in=[] if own is None else own)
    for path, found in linked:
        if found is not None:
            condition |= Q(**{f"{path}__in": found})
    return condition


def ids(name: str, wording: Wording, *, by: Actor) -> Any:
    """The ids of what `by` may know of that kind: a list, or beyond the fence a query of them.

    A short list keeps the planner from guessing; None when the kind has no documents.
    """
    about = subject(name) if name in registry else None
    if about is None:
        return None
    reach = Reach.of(by, [about])
    if wording.is_empty or not reach.clauses:
        return []
    found = Q(tokens__matches=reach.query(wording))
    if reach.shared:
        found |= Q(
            tokens__matches=reach.query(wording, is_shared=True), customer_id__in=reach.shared
        )
    # One kind is one clause, so the index alone says it all.
    matching = SearchDocument.objects.filter(found, kind=name).values_list("object_id", flat=True)
    first = list(matching.order_by()[: FENCE + 1])
    return first if len(first) <= FENCE else matching


def best(kind: Kind, text: str, *, by: Actor, most: int) -> list[int] | None:
    """The ids of the best finds of one kind, in order; None when the kind has no documents."""
    if subject(kind.name) is None:
        return None
    found = find(text, by=by, kinds=[kind.name], most=most)
    return [place.pk for group in found.groups for place in group.places]
