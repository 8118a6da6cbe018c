"""What a request wrote, as the database counts it within the test's transaction."""

from __future__ import annotations

from django.db import connection

# A refused request may be counted and remembered; the business's own tables stay as they were.
BESIDE = ("django_session", "audit_sighting", "accounts_session", "accounts_visitorbucket")


def written() -> dict[str, int]:
    """Rows inserted, changed and deleted in this transaction, by table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        return {table: count for table, count in cursor.fetchall() if not table.startswith(BESIDE)}
