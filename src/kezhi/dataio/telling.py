"""What other systems are told of an import: one message, and which records it brought or changed."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from kezhi.audit.models import Entry
from kezhi.messaging.webhooks import batches
from kezhi.records import registry

TOUCHED = """
SELECT id FROM (
  SELECT unnest(ids) AS id FROM dataio_importedrows WHERE batch_id = %(batch)s AND "table" = %(table)s
  UNION
  SELECT row_id FROM dataio_beforeimage WHERE batch_id = %(batch)s AND "table" = %(table)s
) AS touched WHERE id > %(after)s ORDER BY id LIMIT %(limit)s
"""


def register() -> None:
    batches.register("import.done", batches.Batch(kind_of, touched))
    # What an import had created is gone then: the receiver asks anew for what it took from there.
    batches.register("import.undone", batches.Batch(kind_of))


def kind_of(entry: Entry) -> str:
    return str(entry.detail.get("kind", ""))


def touched(entry: Entry, after: int, limit: int) -> Sequence[int]:
    kind = kind_of(entry)
    if kind not in registry:
        return ()
    with connection.cursor() as cursor:
        cursor.execute(
            TOUCHED,
            {
                "batch": entry.subject_id,
                "table": registry.declared(kind).model._meta.db_table,
                "after": after,
                "limit": limit,
            },
        )
        return [row[0] for row in cursor.fetchall()]
