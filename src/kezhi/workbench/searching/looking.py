"""The one statement of a search: what to look for in the index, how far, and what comes first of it."""

# ruff: noqa: S608  # tables and columns are the code's own names; what was typed goes as a parameter
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from kezhi.core.actor import Access, Actor
from kezhi.workbench.searching.documents import TABLE
from kezhi.workbench.searching.reach import Reach
from kezhi.workbench.searching.wording import Wording

MOST_RANKED = 200  # of a kind by tier, where there are more finds than were looked at


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
class Arm:
    """One look into the index: for these words, at most so many rows.

    `besides` asks for all kinds but these; `is_begin` keeps those whose name begins so. A `sample` is so many
    per cent of the documents, the same each time, which are read instead of asking the index.
    """

    wording: Wording
    limit: int
    is_exact: bool = False
    is_begin: bool = False
    besides: tuple[str, ...] = ()
    sample: float = 0.0


def statement(
    wording: Wording, reach: Reach, by: Actor, arms: Sequence[Arm], fence: int
) -> tuple[str, list[Any]]:
    """The arms together, ranked. Their limits are what keeps the planner from walking another index."""
    rank, rank_params = _rank(wording, reach)
    looks: list[str] = []
    params: list[Any] = []
    for arm in arms:
        for is_shared in (False, True) if reach.shared else (False,):
            look, look_params = _look(arm, wording, reach, rank, is_shared=is_shared)
            looks.append(look)
            params += [*rank_params, *look_params]
    tier, join = _tier(by, fence)
    return (
        f"""WITH m AS MATERIALIZED ({" UNION ".join(looks)}), counted AS (
              SELECT m.*, count(*) OVER (PARTITION BY kind) AS of_kind, count(*) OVER () AS total,
                row_number() OVER (PARTITION BY kind ORDER BY rank, at DESC, object_id DESC) AS newest
              FROM m), ranked AS (
              SELECT m.kind, m.object_id, m.rank, m.of_kind, m.total,
                row_number() OVER (PARTITION BY m.kind
                  ORDER BY m.rank, {tier}, m.at DESC, m.object_id DESC) AS place
              FROM counted m {join})""",
        params,
    )


def _look(
    arm: Arm, wording: Wording, reach: Reach, rank: str, *, is_shared: bool
) -> tuple[str, list[Any]]:
    guard, guard_params = reach.condition(arm.wording, is_exact=arm.is_exact, is_shared=is_shared)
    known = arm.wording.for_index()
    query = reach.query(known, is_exact=arm.is_exact, is_shared=is_shared, besides=arm.besides)
    params = [query, *guard_params]
    if known != arm.wording:
        # A function, so that the index isn't asked: it would look up each find among a million of 公司.
        guard += " AND ts_match_vq(d.tokens, %s::tsquery)"
        params.append(reach.query(arm.wording, is_exact=arm.is_exact, is_shared=is_shared))
    if arm.is_begin:
        guard += " AND d.keys LIKE %s"
        params.append(f"%\n{_plain(wording.whole)}%")
    if is_shared:
        guard += " AND d.customer_id = ANY(%s)"
        params.append(list(reach.shared))
    source = TABLE
    if arm.sample:
        source += f" AS d TABLESAMPLE SYSTEM ({arm.sample:.4f}) REPEATABLE (1)"
    else:
        source += " AS d"
    return (
        f"""(SELECT d.kind, d.object_id, d.customer_id, d.at, {rank} AS rank FROM {source}
             WHERE d.tokens @@ %s::tsquery{guard} LIMIT {arm.limit})""",
        params,
    )


def _rank(wording: Wording, reach: Reach) -> tuple[str, list[Any]]:
    whole = _plain(wording.whole)
    exact = "d.keys LIKE %s"
    params: list[Any] = [f"%\n{whole}\n%"]
    if wording.is_code:
        exact = f"({exact} OR d.tokens @@ %s::tsquery)"
        params.append(reach.query(wording, is_exact=True, is_shared=False))
    params.append(f"%\n{whole}%")
    return f"CASE WHEN {exact} THEN 0 WHEN d.keys LIKE %s THEN 1 ELSE 2 END", params


def _plain(text: str) -> str:
    """Without a meaning to LIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


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
