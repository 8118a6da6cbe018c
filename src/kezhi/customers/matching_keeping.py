"""Match keys follow the records from which they are taken, in the same transaction.

Whoever writes customers, contacts or identifiers calls `keep` with the customers concerned: a deed with one,
an import with thousands. What is there already isn't written again.
"""

# ruff: noqa: S608  # tables and columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from kezhi.core.progress import Progress, silent
from kezhi.customers.matching import keys_of

CHUNK = 5_000
Entries = Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """A kind of record that says something about who a customer is; `read` makes entries of its columns."""

    kind: str
    table: str
    customer: str
    columns: tuple[str, ...]
    read: Callable[[Entries], Entries] = lambda row: row


def _identifier(row: Entries) -> Entries:
    is_register = row["system"] in ("credit_code", "tax_id")
    return {"credit_code": row["normal"]} if is_register else {}


SOURCES = {
    source.kind: source
    for source in (
        Source(
            "customer",
            "customers_customer",
            "id",
            ("name", "form", "credit_code", "tax_id", "phone", "email", "wechat", "website"),
        ),
        Source("contact", "customers_contact", "customer_id", ("phone", "email", "wechat")),
        Source(
            "identifier", "customers_identifier", "customer_id", ("system", "normal"), _identifier
        ),
    )
}


def keep(kind: str, customers: Iterable[int]) -> None:
    """Make the keys of these customers what their records of this kind say now."""
    ids = list(dict.fromkeys(customers))
    for start in range(0, len(ids), CHUNK):
        _keep(SOURCES[kind], ids[start : start + CHUNK])


def keep_all(customers: Iterable[int]) -> None:
    """The same for all kinds: after a merge, or when it isn't known what changed."""
    ids = list(customers)
    for kind in SOURCES:
        keep(kind, ids)


def follow_undo(kind: str) -> Callable[[int, frozenset[str]], None]:
    """What an undone deed changed in a source's table counts again."""
    source = SOURCES[kind]

    def follow(row: int, _columns: frozenset[str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {source.customer} FROM {source.table} WHERE id = %s", [row])
            keep(kind, [customer for (customer,) in cursor.fetchall()])

    return follow


def keep_missing(progress: Progress = silent) -> int:
    """Customers who came before there were keys, or past the deeds, get theirs; how many."""
    kept = last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM customers_customer c WHERE id > %s AND NOT EXISTS"
                " (SELECT 1 FROM customers_matchkey m WHERE m.customer_id = c.id)"
                " ORDER BY id LIMIT %s",
                [last, CHUNK],
            )
            ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return kept
        keep_all(ids)
        kept, last = kept + len(ids), ids[-1]
        progress(kept, 0)


def _keep(source: Source, ids: list[int]) -> None:
    columns = ", ".join((source.customer, *source.columns))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {source.table} WHERE {source.customer} = ANY(%s)", [ids]
        )
        wanted = {
            (key, customer)
            for customer, *row in cursor.fetchall()
            for key in keys_of(source.read(dict(zip(source.columns, row, strict=True))))
        }
        ordered = sorted(wanted)
        cursor.execute(
            """WITH wanted AS (
                 SELECT key COLLATE "C" AS key, customer_id
                 FROM unnest(%s::text[], %s::bigint[]) AS w(key, customer_id)),
               gone AS (
                 DELETE FROM customers_matchkey m WHERE m.customer_id = ANY(%s) AND m.source = %s
                 AND NOT EXISTS (SELECT 1 FROM wanted w
                                 WHERE w.key = m.key AND w.customer_id = m.customer_id))
               INSERT INTO customers_matchkey (key, customer_id, source)
               SELECT key, customer_id, %s FROM wanted ON CONFLICT DO NOTHING""",
            [
                [key for key, _customer in ordered],
                [customer for _key, customer in ordered],
                ids,
                source.kind,
                source.kind,
            ],
        )
