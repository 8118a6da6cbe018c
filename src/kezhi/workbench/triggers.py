"""Migration operations: what hangs on a record by its kind and id, without a foreign key, goes with it."""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION kezhi_drop_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM workbench_tagging WHERE kind = TG_ARGV[0] AND object_id = OLD.id;
  RETURN NULL;
END $$;
"""


def drop_tags_function() -> migrations.RunSQL:
    return migrations.RunSQL(FUNCTION, "DROP FUNCTION IF EXISTS kezhi_drop_tags()")


def drop_tags(table: str, kind: str) -> migrations.RunSQL:
    """The tags of a record go when it goes, whoever deletes it. Every taggable kind's table needs this."""
    return migrations.RunSQL(
        f"CREATE TRIGGER kezhi_drop_tags AFTER DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION kezhi_drop_tags('{kind}')",
        f"DROP TRIGGER IF EXISTS kezhi_drop_tags ON {table}",
    )
