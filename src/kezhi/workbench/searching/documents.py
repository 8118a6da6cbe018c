"""The document of a record: its lexemes, the lexemes of who may find it, and the ways to type its name."""

# ruff: noqa: S608  # tables and columns are the code's own names; entries go as parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from django.db import connection
from django.db.models.functions import Left

from kezhi.records import Field
from kezhi.workbench.holding import held
from kezhi.workbench.models import Attachment
from kezhi.workbench.searching.lexemes import (
    CODES,
    LONGEST_TEXT,
    NAMES,
    keys,
    lexemes,
    name_lexemes,
    text_lexemes,
    title_lexemes,
)
from kezhi.workbench.searching.subjects import Subject

TABLE = "workbench_searchdocument"
MOST_TOKENS = 3_000
LONGEST_LEXEME = 160
MOST_ATTACHMENTS = 200
ANYONE = "a:"  # marks the records of a kind of which everyone sees all


@dataclass(frozen=True)
class Document:
    kind: str
    object_id: int
    customer_id: int | None
    keys: str
    tokens: str  # as PostgreSQL reads a tsvector
    at: datetime


def in_group(group: str, found: Iterable[str]) -> Iterable[str]:
    """Lexemes of a group that may be hidden begin with its name; general ones stand as they are."""
    return found if group == "general" else (f"{group}!{each}" for each in found)


def documents(subject: Subject, ids: Sequence[int]) -> list[Document]:
    """The documents of those records that exist."""
    rows = subject.model._base_manager.filter(pk__in=ids)
    across = {each.path.split("__")[0] for each in subject.fields if "__" in each.path}
    rows = rows.select_related(*across) if across else _narrow(subject, rows)
    files = _attachments(subject, ids)
    return [document(subject, row, files.get(row.pk, ())) for row in rows]


def _narrow(subject: Subject, rows: Any) -> Any:
    """Only the columns that are read, unless a computed field might read others."""
    if any(each.reads is not None and not each.is_custom for each in subject.fields):
        return rows
    paths = [each.path for each in subject.fields if each.reads is None]
    columns = {*subject.watched, *subject.place, subject.customer, subject.moment} - {""}
    return rows.only("pk", *{subject.attributes[column] for column in columns}, *paths)


def document(subject: Subject, row: Any, attachments: Sequence[tuple[str, str]] = ()) -> Document:
    """`attachments` are the names and texts of the files on the record."""
    tokens: set[str] = {f"k:{subject.name}", *scope_lexemes(subject, row)}
    for field in subject.fields:
        entry = entry_of(row, field)
        if entry:
            tokens.update(in_group(field.group, lexemes(field.kind, entry)))
    title = subject.title
    ways = ""
    if title is not None and title.group == "general" and title.kind in NAMES | CODES:
        named = entry_of(row, title)
        ways = keys(named) if named else ""
        if title.kind in NAMES:
            tokens.update(title_lexemes(ways, subject.name, row.pk))
    _add_files(tokens, attachments)
    return Document(
        subject.name,
        row.pk,
        _attribute(subject, row, subject.customer),
        ways,
        _vector(tokens),
        _moment(getattr(row, subject.moment)),
    )


def _add_files(tokens: set[str], files: Sequence[tuple[str, str]]) -> None:
    """Names before texts, and neither in the place of the record's own words."""
    for read, entries in ((name_lexemes, 0), (text_lexemes, 1)):
        for file in files:
            found = read(file[entries])
            if len(tokens) + len(found) > MOST_TOKENS:
                return
            tokens |= found


def scope_lexemes(subject: Subject, row: Any) -> list[str]:
    if subject.is_open:
        return [ANYONE]
    marks = zip("otd", subject.place, strict=True)
    found = ((mark, _attribute(subject, row, column)) for mark, column in marks if column)
    return [f"{mark}:{pk}" for mark, pk in found if pk is not None]


def entry_of(row: Any, field: Field) -> str:
    """The text of a field; empty where there is nothing."""
    entry = held(row, field)
    return "" if entry is None else str(entry)


def _attribute(subject: Subject, row: Any, column: str) -> Any:
    if not column:
        return None
    return getattr(row, subject.attributes[column])


def _moment(entry: Any) -> datetime:
    if isinstance(entry, datetime):
        return entry
    if isinstance(entry, date):
        return datetime.combine(entry, time.min, UTC)
    return datetime.fromtimestamp(0, UTC)


def _vector(tokens: set[str]) -> str:
    kept = sorted(tokens)[:MOST_TOKENS] if len(tokens) > MOST_TOKENS else tokens
    return " ".join(quoted(token[:LONGEST_LEXEME]) for token in kept)


def quoted(lexeme: str) -> str:
    if "'" in lexeme or "\\" in lexeme or "\0" in lexeme:
        lexeme = lexeme.replace("\0", "").replace("\\", "\\\\").replace("'", "''")
    return f"'{lexeme}'"


def _attachments(subject: Subject, ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Names and texts of the files on the records: who may read a record may know them."""
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    if subject.kind.has_attachments:
        files = Attachment.objects.filter(
            kind=subject.name, object_id__in=ids, removed_at__isnull=True
        )
        text = Left("text", LONGEST_TEXT)
        for object_id, *file in files.order_by("pk").values_list("object_id", "name", text):
            if len(found[object_id]) < MOST_ATTACHMENTS:
                found[object_id].append(tuple(file))
    return found


def put(made: Sequence[Document]) -> None:
    """Write the documents of single records: they replace what stood there, whoever wrote it."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"""INSERT INTO {TABLE} (kind, object_id, customer_id, keys, tokens, at)
                VALUES (%s, %s, %s, %s, %s::tsvector, %s)
                ON CONFLICT (kind, object_id) DO UPDATE SET customer_id = excluded.customer_id,
                  keys = excluded.keys, tokens = excluded.tokens, at = excluded.at""",
            [(d.kind, d.object_id, d.customer_id, d.keys, d.tokens, d.at) for d in made],
        )


def drop(kind: str, ids: Sequence[int]) -> None:
    """The documents of records that are gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {TABLE} WHERE kind = %s AND object_id = ANY(%s)", [kind, list(ids)]
        )


def replace_many(subject: Subject, ids: Sequence[int]) -> int:
    """Write a chunk of documents in sets, inside the caller's transaction; how many there are.

    The documents that exist are locked before the records are read: whoever changed one of them since wins,
    and whoever changes it later waits. Where a document appears meanwhile, it is newer than ours and stays.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT object_id FROM {TABLE} WHERE kind = %s AND object_id = ANY(%s)"
            " ORDER BY object_id FOR UPDATE",
            [subject.name, list(ids)],
        )
        known = [row[0] for row in cursor.fetchall()]
        made = documents(subject, ids)
        _copy(cursor, made)
        if known:
            cursor.execute(
                f"""UPDATE {TABLE} d SET customer_id = m.customer_id, keys = m.keys,
                      tokens = m.tokens, at = m.at
                    FROM search_made m WHERE d.kind = m.kind AND d.object_id = m.object_id
                      AND m.object_id = ANY(%s)""",
                [known],
            )
        cursor.execute(
            f"""INSERT INTO {TABLE} (kind, object_id, customer_id, keys, tokens, at)
                SELECT kind, object_id, customer_id, keys, tokens, at FROM search_made
                WHERE NOT object_id = ANY(%s) ON CONFLICT (kind, object_id) DO NOTHING""",
            [known],
        )
        cursor.execute("DROP TABLE search_made")
    gone = set(ids) - {each.object_id for each in made}
    if gone:
        drop(subject.name, sorted(gone))
    return len(made)


def _copy(cursor: Any, made: Sequence[Document]) -> None:
    cursor.execute(
        f"""CREATE TEMP TABLE search_made ON COMMIT DROP AS
            SELECT kind, object_id, customer_id, keys, tokens, at FROM {TABLE} WITH NO DATA"""
    )
    columns = "kind, object_id, customer_id, keys, tokens, at"
    lines = "".join(
        f"{d.kind}\t{d.object_id}\t{d.customer_id if d.customer_id is not None else chr(92) + 'N'}"
        f"\t{_escaped(d.keys)}\t{_escaped(d.tokens)}\t{d.at.isoformat()}\n"
        for d in made
    )
    with cursor.copy(f"COPY search_made ({columns}) FROM STDIN") as copy:
        copy.write(lines)


def _escaped(text: str) -> str:
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    return text.replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n")
