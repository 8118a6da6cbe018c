"""Migration operations that make the database keep what a change was, whoever makes it."""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION kezhi_keep_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was jsonb := CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE to_jsonb(OLD) END;
  became jsonb := CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE to_jsonb(NEW) END;
  identity text := TG_ARGV[0];
  hidden text[] := string_to_array(TG_ARGV[1], ',');
BEGIN
  was := was - hidden;
  became := became - hidden;
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(a.key, was -> a.key), jsonb_object_agg(a.key, a.value)
      INTO was, became
      FROM jsonb_each(became) a WHERE a.value IS DISTINCT FROM was -> a.key;
    IF became IS NULL THEN RETURN NULL; END IF;
  END IF;
  INSERT INTO audit_change (at, deed_key, table_name, row_id, operation, before, after)
  VALUES (now(), coalesce(current_setting('kezhi.deed', true), ''), TG_TABLE_NAME,
          (CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END ->> identity)::bigint,
          lower(TG_OP), was, became);
  RETURN NULL;
END $$;
"""


def keep_function() -> migrations.RunSQL:
    return migrations.RunSQL(FUNCTION, "DROP FUNCTION IF EXISTS kezhi_keep_change()")


EVENTS = "INSERT OR UPDATE OR DELETE"


def keep_changes(
    table: str, identity: str = "id", hidden: str = "", events: str = EVENTS
) -> migrations.RunSQL:
    """Keep before and after of every row changed in `table`, or of some `events` only.

    `hidden` names columns, separated by commas, that must not be copied: secrets and noise.
    A batch of thousands of rows logs itself once instead: it sets `kezhi.bulk` to `on` for its transaction
    and keeps its own list of rows.
    """
    return migrations.RunSQL(
        f"CREATE TRIGGER kezhi_keep_change AFTER {events} ON {table}"
        " FOR EACH ROW WHEN (coalesce(current_setting('kezhi.bulk', true), '') <> 'on')"
        f" EXECUTE FUNCTION kezhi_keep_change('{identity}', '{hidden}')",
        f"DROP TRIGGER IF EXISTS kezhi_keep_change ON {table}",
    )
