"""What definitions set going in the background: indexes, computed entries, and the end of a deleted field."""

# ruff: noqa: S608  # tables are the models' own names; keys were checked when they were defined
from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from kezhi.audit.recording import as_one_batch, audited, note, record, traced_by
from kezhi.core import queue
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.progress import Progress, silent
from kezhi.records import FieldKind, Kind, registry
from kezhi.workbench.customizing import definitions
from kezhi.workbench.customizing.building import NUMBERS
from kezhi.workbench.customizing.computing import compute, plan
from kezhi.workbench.models import CustomField, Layout

K = FieldKind
BATCH = 2_000
AT_ONCE = 5_000  # more than so many changed rows are left to the background


# ---- indexes ----


@traced_by("custom_field.defined")
def index_field(pk: int, *, actor: Actor) -> None:
    """Make or drop the index of a field, whichever its definition wants now.

    Writing to the table waits while the index is made (about two seconds for a million records); reading
    doesn't. The application has no right to change tables: a function of the owner does it.
    """
    field = CustomField.objects.filter(pk=pk).first()
    if field is None:
        return
    is_wanted = field.is_in_use and (field.is_sortable or field.is_searchable)
    held = _held(K(field.field_kind))
    table = registry.declared(field.kind).model._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT kezhi_drop_custom_index(%s, %s)", [table, field.key])
        if is_wanted and held:
            cursor.execute(
                "SELECT kezhi_make_custom_index(%s, %s, %s, %s)",
                [table, field.key, held, field.is_sortable],
            )
        CustomField.objects.filter(pk=pk).update(is_indexed=bool(is_wanted and held))


def _held(kind: FieldKind) -> str:
    """Which of the indexable types an entry has; '' for what a list isn't found by."""
    if kind in (K.INTEGER, K.PERSON, K.LINK):
        return "whole"
    if kind in NUMBERS:
        return "number"
    return "" if kind in (K.BOOLEAN, K.MULTI_CHOICE, K.LONG_TEXT) else "text"


# ---- computed entries ----


@traced_by("custom_field.computed")
def recompute(kind_name: str, *, actor: Actor, progress: Progress = silent) -> int:
    """Compute the formulas of all records of a kind anew; the number of records that changed.

    In steps of a few thousand, each under lock and committed by itself: doing it again does no harm.
    """
    kind = registry[kind_name]
    if not plan(kind):
        return 0
    model = kind.model._default_manager
    total = model.count()
    last = done = changed = 0
    while True:
        with transaction.atomic(), as_one_batch():
            ids = list(
                model.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]
            )
            changed += _recomputed(kind, ids)
        if not ids:
            break
        last, done = ids[-1], done + len(ids)
        progress(done, total)
    record("custom_field.computed", actor=actor, kind=kind_name, rows=changed)
    return changed


def recompute_rows(kind_name: str, ids: Sequence[int]) -> None:
    """After rows were written by SQL: their computed entries, at once or, of many, in the background."""
    kind = registry[kind_name]
    if not ids or not plan(kind):
        return
    if len(ids) > AT_ONCE:
        queue_recomputation(kind_name)
        return
    for start in range(0, len(ids), BATCH):
        _recomputed(kind, ids[start : start + BATCH])


def queue_recomputation(kind_name: str) -> None:
    """All computed entries of a kind anew, soon."""
    kind = registry[kind_name]
    if plan(kind):
        queue.start("customizing.recompute", kind.label_plural, actor=SYSTEM, kind=kind_name)


def follow_row(kind_name: str, relation: str) -> None:
    """The rows of `relation` (a customer's standing) were written anew: formulas that read them follow."""
    with definitions.as_of_now():
        kind = registry[kind_name]
        read = {kind.field(name).path for each in plan(kind) for name in each.formula.reads}
        if any(path.startswith(f"{relation}__") for path in read):
            queue_recomputation(kind_name)


def _recomputed(kind: Kind, ids: Sequence[int]) -> int:
    rows: Any = kind.model._default_manager.filter(pk__in=ids).select_related(*kind.certain)
    changed: dict[int, dict[str, Any]] = {}
    for row in rows.select_for_update(of=("self",)).order_by("pk"):
        custom = dict(row.custom)
        compute(kind, row, custom)
        if custom != row.custom:
            changed[row.pk] = custom
    if changed:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""UPDATE {kind.model._meta.db_table} t SET custom = n.custom::jsonb
                    FROM unnest(%s::bigint[], %s::text[]) AS n(id, custom) WHERE t.id = n.id""",
                [list(changed), [json.dumps(c, ensure_ascii=False) for c in changed.values()]],
            )
    return len(changed)


# ---- the end of a field ----


@audited("custom_field.deleted")
def delete_field(pk: int, *, actor: Actor, progress: Progress = silent) -> None:
    """Every record forgets the retired field; its definition, its index and its place in layouts go."""
    field = CustomField.objects.select_for_update().filter(pk=pk, is_in_use=False).first()
    if field is None:
        return
    model = registry.declared(field.kind).model
    table = model._meta.db_table
    note(kind=field.kind, field=field.key)
    with as_one_batch(), connection.cursor() as cursor:
        cursor.execute("SELECT kezhi_drop_custom_index(%s, %s)", [table, field.key])
        total, last, done = model._default_manager.count(), 0, 0
        while True:
            cursor.execute(
                f"""WITH part AS (SELECT id FROM {table} WHERE id > %s ORDER BY id LIMIT {BATCH})
                    , gone AS (UPDATE {table} t SET custom = t.custom - %s FROM part
                               WHERE t.id = part.id AND t.custom ? %s)
                    SELECT max(id), count(*) FROM part""",
                [last, field.key, field.key],
            )
            highest, count = cursor.fetchone()
            if not count:
                break
            last, done = highest, done + count
            progress(done, total)
    for layout in Layout.objects.filter(kind=field.kind):
        _leave_out(layout, field.key)
    field.delete()
    definitions.change()


def _leave_out(layout: Layout, key: str) -> None:
    for section in layout.sections:
        section["fields"] = [name for name in section["fields"] if name != key]
    for place in ("not_in_form", "not_on_panel", "columns"):
        setattr(layout, place, [name for name in getattr(layout, place) if name != key])
    layout.save()
