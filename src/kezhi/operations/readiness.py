"""Whether a process may get requests: its database answers, has all migrations, and takes jobs."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

_is_current = False


def readiness() -> dict[str, str]:
    """`ok` for each of database, migrations and queue, or what is wrong."""
    found = {"database": "ok", "migrations": "ok", "queue": "ok"}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM procrastinate_jobs LIMIT 1")
        if not _migrated():
            found["migrations"] = "pending"
    except DatabaseError:
        return {"database": "unreachable", "migrations": "unknown", "queue": "unknown"}
    return found


def _migrated() -> bool:
    """Asked until it was so once: a process doesn't outlive the migrations that it began with."""
    global _is_current
    if not _is_current:
        executor = MigrationExecutor(connection)
        _is_current = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _is_current
