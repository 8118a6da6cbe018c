"""What the database itself must guarantee: the application role may not rewrite what was recorded."""

from __future__ import annotations

from django.db import connection

SEALED_TABLES = ("audit_entry", "audit_change", "audit_sighting", "audit_seal", "audit_redaction")


def grant_application_role(role: str) -> None:
    """Give `role` what the web and worker processes need, and no more. Runs as the owner role.

    The audit tables can be read and added to; changing or deleting their rows is refused by the database.
    """
    quoted = connection.ops.quote_name(role)
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {quoted}")
        cursor.execute(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}"
        )
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
        cursor.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {quoted}")
        cursor.execute(f"GRANT TEMPORARY ON DATABASE {_database()} TO {quoted}")
        for table in SEALED_TABLES:
            cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {quoted}")


def _database() -> str:
    return connection.ops.quote_name(str(connection.settings_dict["NAME"]))
