"""The records that hold a text, as a condition on the rows of a list, and in order for a chooser."""

# ruff: noqa: S608  # the table is the code's own name; what was typed goes as a parameter
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.postgres.search import SearchVectorField
from django.db import connection, transaction
from django.db.models import BigAutoField, BooleanField, Lookup, Q, QuerySet

from kezhi.core.actor import Actor
from kezhi.records import Kind, registry
from kezhi.workbench.models import SearchDocument
from kezhi.workbench.searching.documents import TABLE
from kezhi.workbench.searching.finding import expected_rows, find, reading
from kezhi.workbench.searching.reach import Reach
from kezhi.workbench.searching.subjects import subject
from kezhi.workbench.searching.wording import Wording, read

MOST_IDS = 6_000
CERTAINLY_MORE = 20_000
SAMPLE = 1_500
SHORT = 3  # so few letters or digits may begin a word of every second record


class _AsWritten(Lookup):  # type: ignore[type-arg]
    """A condition whose right side goes to PostgreSQL as it is: one parameter in `against`."""

    prepare_rhs = False
    output_field = BooleanField()
    against: ClassVar[str]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, left_params = self.process_lhs(compiler, connection)
        return f"{left} {self.against}", [*left_params, self.rhs]


@SearchVectorField.register_lookup
class Matches(_AsWritten):
    """`tokens__matches=query`: the query in PostgreSQL's own spelling, made by `Reach.query`."""

    lookup_name = "matches"
    against = "@@ %s::tsquery"


@BigAutoField.register_lookup
class AnyOf(_AsWritten):
    """`pk__any_of=[...]`: as `in`, by one array: soon read, and never taken for a walk along another index."""

    lookup_name = "any_of"
    against = "IN (SELECT unnest(%s::bigint[]))"


@dataclass(frozen=True)
class Narrowing:
    """The condition on rows that they hold a text; `is_wide` where more than `MOST_IDS` do."""

    condition: Q
    is_wide: bool = False


@dataclass(frozen=True)
class Documents:
    """The documents of a kind that meet `query`; of what is of shared `customers`, those that meet `shared`."""

    kind: str
    query: str
    shared: str = ""
    customers: tuple[int, ...] = ()

    @property
    def ids(self) -> QuerySet[SearchDocument, int]:
        """The records' ids. One kind is one clause of the reach, so the index alone says it all."""
        found = Q(tokens__matches=self.query)
        if self.customers:
            found |= Q(tokens__matches=self.shared, customer_id__in=self.customers)
        return SearchDocument.objects.filter(found, kind=self.kind).values_list(
            "object_id", flat=True
        )


@BigAutoField.register_lookup
class HasDocument(Lookup):  # type: ignore[type-arg]
    """`pk__has_document=Documents(…)`: the same, asked of each row that is left by the other conditions."""

    lookup_name = "has_document"
    prepare_rhs = False
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, left_params = self.process_lhs(compiler, connection)
        found, params = "d.tokens @@ %s::tsquery", [self.rhs.query]
        if self.rhs.customers:
            found = f"({found} OR d.tokens @@ %s::tsquery AND d.customer_id = ANY(%s))"
            params += [self.rhs.shared, list(self.rhs.customers)]
        # The offset keeps the planner from asking all documents first: it takes beginnings of words for rare.
        each = (
            f"SELECT FROM {TABLE} d WHERE d.kind = %s AND d.object_id = {left} AND {found} OFFSET 0"
        )
        return f"EXISTS ({each})", [self.rhs.kind, *left_params, *params]


@contextmanager
def looking_up(*, is_wide: bool = False) -> Iterator[None]:
    """For a page of rows that hold a text: to start other processes takes longer than to find fifty rows.

    Where many hold it (`is_wide`), they are soon met along the index that keeps the list's order; the planner,
    which knows nothing of beginnings of words, would fetch and sort them all.
    """
    ways = ("sort", "hashjoin", "mergejoin") if is_wide else ()
    with transaction.atomic(), connection.cursor() as cursor:
        said = [f"SET LOCAL enable_{way} = off" for way in ways]
        cursor.execute("; ".join(["SET LOCAL max_parallel_workers_per_gather = 0", *said]))
        yield


def narrowing(kind: Kind, text: str, *, by: Actor, is_alone: bool = True) -> Narrowing | None:
    """That a kind's rows hold every word of the text, or that a record does to which they are linked (the
    orders of a customer by its name); None when there are no documents to search.

    `is_alone`: no other condition narrows the rows.
    """
    wording = read(text)
    own = _found(kind.name, wording, by=by)
    linked = [
        (each.path, _found(each.link, wording, by=by))
        for each in kind.fields
        if each.is_searchable and each.link
    ]
    if own is None and all(found is None for _path, found in linked):
        return None
    if linked:
        condition = Q(pk__in=_ids([] if own is None else own))
        for path, found in linked:
            if found is not None:
                condition |= Q(**{f"{path}__in": _ids(found)})
        return Narrowing(condition)
    if not isinstance(own, Documents):
        return Narrowing(Q(pk__any_of=own))
    if is_alone:
        return Narrowing(Q(pk__in=own.ids), is_wide=True)
    return Narrowing(Q(pk__has_document=own))


def _ids(found: list[int] | Documents) -> Any:
    return found.ids if isinstance(found, Documents) else found


def _found(name: str, wording: Wording, *, by: Actor) -> list[int] | Documents | None:
    """What `by` may know of that kind: the ids, or of more than `MOST_IDS` the documents.

    A list keeps the planner from guessing. None when the kind has no documents.
    """
    about = subject(name) if name in registry else None
    if about is None:
        return None
    reach = Reach.of(by, [about])
    if wording.is_empty or not reach.clauses:
        return []
    if not _is_frequent(wording, reach):
        few = _few(name, wording, reach)
        if len(few) <= MOST_IDS:
            return few
    shared = reach.query(wording, is_shared=True) if reach.shared else ""
    return Documents(name, reach.query(wording), shared, reach.shared)


def _is_frequent(wording: Wording, reach: Reach) -> bool:
    """Whether a great many records hold it for certain, so that none need be counted.

    The statistics know frequent words. Of beginnings they know nothing: where those are short, and so may
    begin half of all words, a sample tells.
    """
    if expected_rows(reach.query(wording, is_exact=True))[0] >= CERTAINLY_MORE:
        return True
    if reach.is_narrow or any(len(term.text) > SHORT for term in wording.terms):
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [TABLE])
        every = cursor.fetchone()[0]
        if every < CERTAINLY_MORE:
            return False
        cursor.execute(
            f"SELECT count(*) FROM {TABLE} AS d TABLESAMPLE SYSTEM (%s) REPEATABLE (1)"
            " WHERE d.tokens @@ %s::tsquery",
            [SAMPLE / every * 100, reach.query(wording)],
        )
        return bool(cursor.fetchone()[0] * every / SAMPLE >= CERTAINLY_MORE)


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
