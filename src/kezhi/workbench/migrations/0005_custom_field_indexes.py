"""The application has no right to change tables. It may call these two functions, which make and drop the
indexes of custom fields and can do nothing else: a table needs the column `custom`, keys are checked."""

from django.db import migrations

FORWARD = r"""
CREATE SEQUENCE workbench_definitions_seq START 2;

CREATE FUNCTION kezhi_custom_index_place(at text, key text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  place regclass := (
    SELECT c.oid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname = at
      AND a.attname = 'custom' AND a.atttypid = 'jsonb'::regtype AND NOT a.attisdropped);
BEGIN
  IF place IS NULL OR key !~ '^c_[a-z0-9_]{1,38}$' THEN
    RAISE EXCEPTION 'no custom field % of %', key, at;
  END IF;
  RETURN format('custom_%s_%s', place::oid, key);
END $$;

CREATE FUNCTION kezhi_make_custom_index(at text, key text, held text, is_sorted boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
  named text := kezhi_custom_index_place(at, key);
  entry text := CASE held
    WHEN 'number' THEN format('((custom ->> %L)::numeric(24, 6))', key)
    WHEN 'whole' THEN format('((custom ->> %L)::bigint)', key)
    WHEN 'text' THEN format('((custom ->> %L)::text)', key) END;
BEGIN
  IF entry IS NULL THEN RAISE EXCEPTION 'no index for %', held; END IF;
  EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I (%s, id)', named || '_u', at, entry);
  IF is_sorted THEN
    EXECUTE format(
      'CREATE INDEX IF NOT EXISTS %I ON %I (%s DESC NULLS LAST, id DESC)', named || '_d', at, entry);
  END IF;
END $$;

CREATE FUNCTION kezhi_drop_custom_index(at text, key text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
  named text := kezhi_custom_index_place(at, key);
BEGIN
  EXECUTE format('DROP INDEX IF EXISTS %I', named || '_u');
  EXECUTE format('DROP INDEX IF EXISTS %I', named || '_d');
END $$;

REVOKE ALL ON FUNCTION kezhi_make_custom_index(text, text, text, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION kezhi_drop_custom_index(text, text) FROM PUBLIC;
"""
BACKWARD = """
DROP FUNCTION kezhi_drop_custom_index(text, text);
DROP FUNCTION kezhi_make_custom_index(text, text, text, boolean);
DROP FUNCTION kezhi_custom_index_place(text, text);
DROP SEQUENCE workbench_definitions_seq;
"""


class Migration(migrations.Migration):
    dependencies = [("workbench", "0004_layout_places")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
