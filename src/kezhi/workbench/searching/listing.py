"""The records that hold a text, as a condition on the rows of a list, and in order for a chooser."""

# ruff: noqa: S608  # the table is the code's own name; what was typed goes as a parameter
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.search import SearchVectorField
from django.db import connection, transaction
from django.db.models import BigAutoField, BooleanField, Lookup, Q

from kezhi.core.actor import Actor
from kezhi.records import Kind, registry
from kezhi.workbench.models import SearchDocument
from kezhi.workbench.searching.documents import TABLE
from kezhi.workbench.searching.finding import expected_rows, find, reading
from kezhi.workbench.searching.reach import Reach
from kezhi.workbench.searching.subjects import subject
from kezhi.workbench.searching.wording import Wording, read

MOST_IDS = 4_000
CERTAINLY_MORE = 20_000


@SearchVectorField.register_lookup
class Matches(Lookup):  # type: ignore[type-arg]
    """`tokens__matches=query`: the query in PostgreSQL's own spelling, made by `Reach.query`."""

    lookup_name = "matches"
    prepare_rhs = False
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, left_params = self.process_lhs(compiler, connection)
        return f"{left} @@ %s::tsquery", [*left_params, self.rhs]


@BigAutoField.register_lookup
class AnyOf(Lookup):  # type: ignore[type-arg]
    """`pk__any_of=[...]`: as `in`, by one array: soon read, and never taken for a walk along another index."""

    lookup_name = "any_of"
    prepare_rhs = False
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, left_params = self.process_lhs(compiler, connection)
        return f"{left} IN (SELECT unnest(%s::bigint[]))", [*left_params, self.rhs]


@contextmanager
def looking_up() -> Iterator[None]:
    """For a page of rows that hold a text: to start other processes takes longer than to find fifty rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        yield


def narrowing(kind: Kind, text: str, *, by: Actor) -> Q | None:
    """The condition on a kind's rows that they hold every word of the text, or that a record does to which
    they are linked (the orders of a customer by its name); None when there are no documents to search."""
    wording = read(text)
    own = _ids(kind.name, wording, by=by)
    linked = [
        (each.path, _ids(each.link, wording, by=by))
        for each in kind.fields
        if each.is_searchable and each.link
    ]
    if own is None and all(found is None for _path, found in linked):
        return None
    if not linked:
        return Q(**{"pk__any_of" if isinstance(own, list) else "pk__in": own})
    condition = Q(pk__in=[] if own is None else own)
    for path, found in linked:
        if found is not None:
            condition |= Q(**{f"{path}__in": found})
    return condition


def _ids(name: str, wording: Wording, *, by: Actor) -> Any:
    """The ids of what `by` may know of that kind: a list, or of more than `MOST_IDS` a query of them.

    A list keeps the planner from guessing. None when the kind has no documents.
    """
    about = subject(name) if name in registry else None
    if about is None:
        return None
    reach = Reach.of(by, [about])
    if wording.is_empty or not reach.clauses:
        return []
    # By whole words, of which the statistics know the frequent ones; of beginnings they know nothing.
    if expected_rows(reach.query(wording.as_whole_words()))[0] < CERTAINLY_MORE:
        few = _few(name, wording, reach)
        if len(few) <= MOST_IDS:
            return few
    found = Q(tokens__matches=reach.query(wording))
    if reach.shared:
        shared = reach.query(wording, is_shared=True)
        found |= Q(tokens__matches=shared, customer_id__in=reach.shared)
    # One kind is one clause, so the index alone says it all.
    return SearchDocument.objects.filter(found, kind=name).values_list("object_id", flat=True)


def _few(name: str, wording: Wording, reach: Reach) -> list[int]:
    """The ids, or one more than `MOST_IDS` of them."""
    quick = wording.for_index()
    looks, params = [], list[Any]()
    for is_shared in (False, True) if reach.shared else (False,):
        guard = ""
        params += [reach.query(quick, is_shared=is_shared), name]
        if quick != wording:
            guard += " AND ts_match_vq(d.tokens, %s::tsquery)"
            params.append(reach.query(wording, is_shared=is_shared))
        if is_shared:
            guard += " AND d.customer_id = ANY(%s)"
            params.append(list(reach.shared))
        looks.append(
            f"(SELECT d.object_id FROM {TABLE} d WHERE d.tokens @@ %s::tsquery AND d.kind || '' = %s"
            f"{guard} LIMIT {MOST_IDS + 1})"
        )
    with reading() as cursor:
        cursor.execute(" UNION ".join(looks), params)
        return [row[0] for row in cursor.fetchall()]


def best(kind: Kind, text: str, *, by: Actor, most: int) -> list[int] | None:
    """The ids of the best finds of one kind, in order; None when the kind has no documents."""
    if subject(kind.name) is None:
        return None
    found = find(text, by=by, kinds=[kind.name], most=most)
    return [place.pk for group in found.groups for place in group.places]
