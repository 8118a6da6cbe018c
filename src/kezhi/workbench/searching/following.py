"""The database notices every change of what can be searched, whoever makes it: ORM, SQL or import.

A deleted record's document goes at once, and a record given to another owner is found by the new one at once,
because both decide who may know of it. Whatever else changes leaves a gap, which the deed closes before it
ends (`filling`). The triggers are made after each migration from the declarations, so a new kind needs none.
"""

# tables and columns are the code's own names
from __future__ import annotations

from typing import Any

from django.db import connections

from kezhi.workbench.searching.filling import note_new_kinds
from kezhi.workbench.searching.subjects import Subject, subjects

FUNCTIONS = """
CREATE OR REPLACE FUNCTION kezhi_search_gap(kind text, first_id bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO workbench_searchgap (kind, first_id, last_id, written_by)
  VALUES (kind, first_id, first_id, txid_current());
$$;

CREATE OR REPLACE FUNCTION kezhi_search_marks(entry jsonb, place text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(array_agg(mark || ':' || (entry ->> col)), '{}')
  FROM unnest(ARRAY['o', 't', 'd'], place) AS p(mark, col)
  WHERE col <> '' AND entry ->> col IS NOT NULL;
$$;

CREATE OR REPLACE FUNCTION kezhi_search_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  record_kind text := TG_ARGV[0];
  identity text := TG_ARGV[1];
  place text[] := string_to_array(TG_ARGV[2], ',');
  watched text[] := string_to_array(TG_ARGV[3], ',');
  was jsonb;
  became jsonb;
  old_marks text[];
  new_marks text[];
  record_id bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN
    became := to_jsonb(NEW);
    PERFORM kezhi_search_gap(record_kind, (became ->> identity)::bigint);
    RETURN NULL;
  END IF;
  was := to_jsonb(OLD);
  record_id := (was ->> identity)::bigint;
  IF TG_OP = 'DELETE' THEN
    DELETE FROM workbench_searchdocument WHERE kind = record_kind AND object_id = record_id;
    RETURN NULL;
  END IF;
  became := to_jsonb(NEW);
  old_marks := kezhi_search_marks(was, place);
  new_marks := kezhi_search_marks(became, place);
  IF old_marks IS DISTINCT FROM new_marks THEN
    UPDATE workbench_searchdocument
       SET tokens = ts_delete(tokens, old_marks) || array_to_tsvector(new_marks)
     WHERE kind = record_kind AND object_id = record_id;
    IF NOT FOUND THEN
      PERFORM kezhi_search_gap(record_kind, record_id);
      RETURN NULL;
    END IF;
  END IF;
  IF watched = '{}' THEN
    was := was - place - 'version'::text - 'updated_at'::text;
    became := became - place - 'version'::text - 'updated_at'::text;
    IF was = became THEN RETURN NULL; END IF;
  ELSIF NOT EXISTS (
    SELECT 1 FROM unnest(watched) AS w(col) WHERE was -> col IS DISTINCT FROM became -> col
  ) THEN
    RETURN NULL;
  END IF;
  PERFORM kezhi_search_gap(record_kind, record_id);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION kezhi_search_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM kezhi_search_gap(OLD.kind, OLD.object_id); END IF;
  IF TG_OP <> 'DELETE' THEN PERFORM kezhi_search_gap(NEW.kind, NEW.object_id); END IF;
  RETURN NULL;
END $$;
"""
# An import writes its gaps down in ranges itself; see `filling.noting_gaps_in_sets`.
NEW = """
CREATE OR REPLACE TRIGGER kezhi_search_new AFTER INSERT ON {table} FOR EACH ROW
WHEN (coalesce(current_setting('kezhi.search_gaps', true), '') <> 'in sets')
EXECUTE FUNCTION kezhi_search_follow('{kind}', '{identity}', '{place}', '{watched}')
"""
CHANGED = """
CREATE OR REPLACE TRIGGER kezhi_search_follow AFTER UPDATE OR DELETE ON {table} FOR EACH ROW
EXECUTE FUNCTION kezhi_search_follow('{kind}', '{identity}', '{place}', '{watched}')
"""
FILES = """
CREATE OR REPLACE TRIGGER kezhi_search_file AFTER INSERT OR UPDATE OR DELETE ON workbench_attachment
FOR EACH ROW EXECUTE FUNCTION kezhi_search_file()
"""


def follow_changes(using: str = "default", **_signal: Any) -> None:
    """Make the triggers of every kind that can be searched; called after migrations, by the owner role."""
    with connections[using].cursor() as cursor:
        tables = {each.name for each in connections[using].introspection.get_table_list(cursor)}
        if not {"workbench_searchgap", "workbench_attachment"} <= tables:
            return
        cursor.execute(FUNCTIONS)
        cursor.execute(FILES)
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'kezhi_search_new'"
        )
        followed = {row[0] for row in cursor.fetchall()}
        there = [each for each in subjects() if each.model._meta.db_table in tables]
        for each in there:
            _follow(cursor, each)
    note_new_kinds([each.name for each in there if each.model._meta.db_table not in followed])


def _follow(cursor: Any, subject: Subject) -> None:
    about = {
        "table": subject.model._meta.db_table,
        "kind": subject.name,
        "identity": subject.model._meta.pk.column,  # type: ignore[union-attr]
        "place": ",".join(subject.place),
        "watched": ",".join(subject.watched),
    }
    cursor.execute(NEW.format(**about))
    cursor.execute(CHANGED.format(**about))


def unfollowed() -> list[str]:
    """The kinds whose triggers don't say what their declaration says now; empty after a migration."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT encode(tgargs, 'escape') FROM pg_trigger WHERE tgname = 'kezhi_search_follow'"
        )
        there = {row[0].rstrip("\\0") for row in cursor.fetchall()}
    wanted = {
        each.name: "\\000".join(
            (
                each.name,
                str(each.model._meta.pk.column),  # type: ignore[union-attr]
                ",".join(each.place),
                ",".join(each.watched),
            )
        )
        for each in subjects()
    }
    # What isn't watched column by column ends with nothing.
    return [name for name, arguments in wanted.items() if arguments.rstrip("\\0") not in there]
