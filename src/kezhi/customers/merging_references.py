"""What hangs on a record, in every app: found from the models, so that no table can be forgotten.

A row that points to the merged record comes to point to the survivor. Where the survivor has an equal row
already (the same tag, the same day's snapshot), the merged record's row is kept in the merge and dropped.
"""

# ruff: noqa: S608  # tables and columns are the models' own names
from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.lookups import IsNull

from kezhi.accounts.models import Share
from kezhi.customers.models import Contact, Customer, DuplicatePair, HandOverItem, MatchKey
from kezhi.messaging.models import Incoming, Notice, Outgoing
from kezhi.workbench.models import Attachment, SearchDocument, Tagging

Root = type[models.Model]
# Made anew from the rows that moved, or treated by the merge itself.
DERIVED: set[type[models.Model]] = {MatchKey, DuplicatePair, SearchDocument}


@dataclass(frozen=True)
class Reference:
    """A column that points to a kind of record. `kind_column` says of which kind, where that varies."""

    model: type[models.Model]
    field: str
    kind_column: str = ""
    kind: str = ""

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def column(self) -> str:
        return str(self._field.column)

    @property
    def attname(self) -> str:
        return str(self._field.attname)

    @property
    def _field(self) -> Any:
        return self.model._meta.get_field(self.field)

    @property
    def identity(self) -> str:
        return str(self.model._meta.pk.column)  # type: ignore[union-attr]

    def rows(self, pk: int) -> models.QuerySet[Any]:
        about: dict[str, Any] = {self.attname: pk}
        if self.kind_column:
            about[self.kind_column] = self.kind
        return self.model._base_manager.filter(**about)


_MAIL = (Incoming, Outgoing, Notice)
# Columns that hold a record's id without a foreign key, because their app lies below the record's. A higher
# app adds its own.
LOOSE: dict[Root, list[Reference]] = {
    Customer: [
        Reference(Share, "customer_id"),
        Reference(Tagging, "object_id", "kind", "customer"),
        Reference(Attachment, "object_id", "kind", "customer"),
        Reference(HandOverItem, "object_id", "kind", "customer"),
        Reference(Incoming, "customer_id"),
        Reference(Outgoing, "customer_id"),
        *(Reference(model, "about_id", "about_kind", "customer") for model in _MAIL),
    ],
    Contact: [
        Reference(Tagging, "object_id", "kind", "contact"),
        Reference(Attachment, "object_id", "kind", "contact"),
        *(Reference(model, "about_id", "about_kind", "contact") for model in _MAIL),
    ],
}


def references(root: Root) -> list[Reference]:
    """All columns that point to records of this kind, in a fixed order."""
    return [*_foreign_keys(root), *LOOSE.get(root, ())]


def _foreign_keys(root: Root) -> Iterator[Reference]:
    for model in apps.get_models(include_auto_created=True):
        if model in DERIVED or not model._meta.managed:
            continue
        for each in model._meta.local_concrete_fields:
            if each.remote_field is not None and each.remote_field.model is root:
                yield Reference(model, each.name)


def between(root: Root, one: int, other: int) -> list[models.QuerySet[Any]]:
    """Rows that relate the two records to each other: a record has no relation to itself."""
    found = []
    by_model: dict[type[models.Model], list[Reference]] = {}
    for each in references(root):
        by_model.setdefault(each.model, []).append(each)
    for model, ends in by_model.items():
        if len(ends) < 2 or any(each.kind_column for each in ends):
            continue
        both = Q()
        for near in ends:
            for far in ends:
                if near is not far:
                    both |= Q(**{near.field: one, far.field: other})
        found.append(model._base_manager.filter(both))
    return found


def twins(reference: Reference, merged: int, survivor: int) -> list[Any]:
    """Primary keys of the merged record's rows of which the survivor has an equal one."""
    found: set[Any] = set()
    for fields, condition, nulls_distinct in _unique_sets(reference):
        same = Q(**{reference.attname: survivor})
        if reference.kind_column:
            same &= Q(**{reference.kind_column: reference.kind})
        for name in fields:
            if name in (reference.field, reference.kind_column):
                continue
            same &= _equal(name, nulls_distinct)
        theirs = reference.model._base_manager.filter(same)
        rows = reference.rows(merged)
        if condition is not None:
            theirs, rows = theirs.filter(condition), rows.filter(condition)
        found.update(rows.filter(Exists(theirs)).values_list("pk", flat=True))
    return sorted(found)


def _equal(name: str, nulls_distinct: bool) -> Q:
    equal = Q(**{name: OuterRef(name)})
    if nulls_distinct:
        return equal
    return equal | Q(IsNull(F(name), True), IsNull(OuterRef(name), True))


def _unique_sets(reference: Reference) -> Iterator[tuple[Sequence[str], Q | None, bool]]:
    meta = reference.model._meta
    if getattr(meta.get_field(reference.field), "unique", False):
        yield (reference.field,), None, True
    for together in meta.unique_together:
        if reference.field in together:
            yield together, None, True
    for constraint in meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and reference.field in constraint.fields:
            yield constraint.fields, constraint.condition, constraint.nulls_distinct is not False


def move(reference: Reference, ids: Sequence[Any], to: int) -> int:
    """Point these rows to another record."""
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE {reference.table} SET "{reference.column}" = %s'
            f' WHERE "{reference.identity}" = ANY(%s)',
            [to, list(ids)],
        )
        return int(cursor.rowcount)


def images(model: type[models.Model], ids: Sequence[Any]) -> list[dict[str, Any]]:
    """The rows as they are, as JSON. Numbers are kept as text: sums of money are longer than floats."""
    meta = model._meta
    pk = meta.pk.column  # type: ignore[union-attr]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT jsonb_object_agg(key, CASE jsonb_typeof(value) WHEN 'number'"
            " THEN to_jsonb(value #>> '{}') ELSE value END) FROM jsonb_each(to_jsonb(t)))"
            f' FROM {meta.db_table} t WHERE "{pk}" = ANY(%s) ORDER BY "{pk}"',
            [list(ids)],
        )
        return [_loaded(row) for (row,) in cursor.fetchall()]


def drop(model: type[models.Model], ids: Sequence[Any]) -> None:
    meta = model._meta
    with connection.cursor() as cursor:
        cursor.execute(
            f'DELETE FROM {meta.db_table} WHERE "{meta.pk.column}" = ANY(%s)',  # type: ignore[union-attr]
            [list(ids)],
        )


def check_now() -> None:
    """Foreign keys are checked at the commit; here while it can still be refused with a reason."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def put_back(table: str, image: dict[str, Any]) -> None:
    """Insert a row as it was; columns that came later take their defaults."""
    columns = [name for name in _columns(table) if name in image]
    names = ", ".join(f'"{name}"' for name in columns)
    olds = ", ".join(f'old."{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {olds}"
            f" FROM jsonb_populate_record(NULL::{table}, %s::jsonb) AS old",
            [_dumped(image)],
        )


def restore(table: str, identity: str, image: dict[str, Any]) -> None:
    """Make a row what it was."""
    columns = [name for name in _columns(table) if name in image and name != identity]
    sets = ", ".join(f'"{name}" = old."{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} t SET {sets} FROM jsonb_populate_record(NULL::{table}, %s::jsonb) AS old"
            f' WHERE t."{identity}" = old."{identity}"',
            [_dumped(image)],
        )


def _columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema()"
            " AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position",
            [table],
        )
        return [row[0] for row in cursor.fetchall()]


def _loaded(row: Any) -> dict[str, Any]:
    return dict(json.loads(row)) if isinstance(row, str) else dict(row)


def _dumped(image: dict[str, Any]) -> str:
    return json.dumps(image)
