"""What goes with a row whose time is over: what hangs on it, its files, and numbers that point to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models

from kezhi.records import registry
from kezhi.records.retention import LOOSE, PARTING
from kezhi.workbench.models import Attachment

CHUNK = 5_000


@cache
def model_of(table: str) -> Any:
    return next(m for m in apps.get_models(include_auto_created=True) if m._meta.db_table == table)


@cache
def tables_along(table: str) -> frozenset[str]:
    """The table itself and all whose rows may go with one of it: a hold on any of them keeps it."""
    found: set[str] = set()
    waiting = [table]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [model._meta.db_table for model, _column in _hanging(name)]
            waiting += [end.table for end in LOOSE if end.goes and end.target == name]
            if _kind_with_files(name):
                waiting.append(Attachment._meta.db_table)
    return frozenset(found)


def clear_rows(table: str, ids: Sequence[int]) -> None:
    """Delete these rows with what hangs on them. Part of the transaction of whoever calls."""
    going = _going(table, ids)
    afterwards: list[Callable[[], None]] = []
    for name, rows in going.items():
        for parting in PARTING.get(name, ()):
            if then := parting(sorted(rows)):
                afterwards.append(then)
        _empty_numbers(name, rows)
    for name in (Attachment._meta.db_table, *(end.table for end in LOOSE if end.goes)):
        _delete(name, going.get(name, ()))
    _delete(table, ids)
    for then in afterwards:
        then()


def _going(table: str, ids: Iterable[int]) -> dict[str, set[int]]:
    """All rows that go, by table."""
    found: dict[str, set[int]] = {}
    waiting: list[tuple[str, set[int]]] = [(table, set(ids))]
    while waiting:
        name, rows = waiting.pop()
        new = rows - found.get(name, set())
        if not new:
            continue
        found.setdefault(name, set()).update(new)
        waiting += [
            (model._meta.db_table, set(_pointing(model, column, new)))
            for model, column in _hanging(name)
        ]
        waiting += [
            (end.table, set(_pointing(model_of(end.table), end.column, new)))
            for end in LOOSE
            if end.goes and end.target == name
        ]
        if kind := _kind_with_files(name):
            files = Attachment.objects.filter(kind=kind, object_id__in=new)
            waiting.append((Attachment._meta.db_table, set(files.values_list("pk", flat=True))))
    return found


@cache
def _hanging(table: str) -> tuple[tuple[Any, str], ...]:
    """Models whose rows the database's rows take along, with the column."""
    return tuple(
        (each.related_model, each.field.name)
        for each in model_of(table)._meta.get_fields(include_hidden=True)
        if (each.one_to_many or each.one_to_one) and each.auto_created and not each.concrete
        if each.on_delete is models.CASCADE and each.related_model._meta.managed
    )


def _pointing(model: Any, column: str, ids: Iterable[int]) -> Any:
    return model._base_manager.filter(**{f"{column}__in": ids}).values_list("pk", flat=True)


def _kind_with_files(table: str) -> str:
    for kind in registry:
        if kind.has_attachments and kind.model._meta.db_table == table:
            return kind.name
    return ""


def _kinds_of(table: str) -> list[str]:
    return [kind.name for kind in registry if kind.model._meta.db_table == table]


def _empty_numbers(table: str, ids: Iterable[int]) -> None:
    for end in LOOSE:
        kinds = _kinds_of(table) if end.kind_column else []
        if end.goes or not (kinds or end.target == table):
            continue
        rows = model_of(end.table)._base_manager.filter(**{f"{end.column}__in": ids})
        emptied: dict[str, Any] = {end.column: None}
        if kinds:
            rows = rows.filter(**{f"{end.kind_column}__in": kinds})
            emptied[end.kind_column] = ""
        rows.update(**emptied)


def _delete(table: str, ids: Iterable[int]) -> None:
    model_of(table)._base_manager.filter(pk__in=ids).delete()
