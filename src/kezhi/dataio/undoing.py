"""What loaders share when an import is taken back: what it created, what it changed, who came later."""

# ruff: noqa: S608  # tables and columns are the code's own names; what a user typed goes as a parameter
from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext as _

from kezhi.core.refusal import Refused
from kezhi.dataio.models import ImportBatch


def created_ids(batch: ImportBatch, table: str) -> list[int]:
    return [
        row_id
        for ids in batch.imported_rows.filter(table=table).values_list("ids", flat=True)
        for row_id in ids
    ]


def delete_created(batch: ImportBatch, table: str) -> None:
    """Delete what the import created; the caller has seen that nothing depends on it."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE id = ANY(%s)", [created_ids(batch, table)])


def demand_unchanged(table: str, created: list[int]) -> None:
    """Rows that the import created must be as it left them; rows that are gone by now don't matter."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {table} WHERE id = ANY(%s) AND version <> 1", [created]
        )
        changed = cursor.fetchone()[0]
    if changed:
        raise Refused(
            _(
                "%(count)s of the imported records were changed since. Undoing would lose those changes."
            )
            % {"count": changed}
        )


def restore(batch: ImportBatch, table: str, *, except_columns: set[str]) -> list[int]:
    """Give rows that the import changed their former content and version back; the ids of those rows.

    With the former version an earlier import of the same rows can be undone next.

    Refused when somebody changed or deleted one of them since.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position",
            [table],
        )
        columns = [row[0] for row in cursor.fetchall()]
        sets = ", ".join(
            f'"{name}" = old."{name}"' for name in columns if name not in except_columns
        )
        differs = "t.id IS NULL"
        if "version" in columns:
            differs += " OR t.version <> b.version"
        cursor.execute(
            f"""SELECT count(*) FROM dataio_beforeimage b LEFT JOIN {table} t ON t.id = b.row_id
                WHERE b.batch_id = %s AND b."table" = %s AND ({differs})""",
            [batch.pk, table],
        )
        changed = cursor.fetchone()[0]
        if changed:
            raise Refused(
                _(
                    "%(count)s of the updated records were changed since. Undoing would lose those changes."
                )
                % {"count": changed}
            )
        cursor.execute(
            f"""UPDATE {table} t SET {sets}
                FROM dataio_beforeimage b, jsonb_populate_record(NULL::{table}, b.before) old
                WHERE b.batch_id = %s AND b."table" = %s AND t.id = b.row_id RETURNING t.id""",
            [batch.pk, table],
        )
        return [row[0] for row in cursor.fetchall()]
