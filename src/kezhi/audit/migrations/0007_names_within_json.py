from django.db import migrations

# In every text of a JSON entry and in its keys; a number that matches becomes the pseudonym.
WITHIN = """
CREATE FUNCTION kezhi_redact_json(entry jsonb, pattern text, pseudonym text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
  CASE jsonb_typeof(entry)
    WHEN 'string' THEN
      RETURN to_jsonb(regexp_replace(entry #>> '{}', pattern, pseudonym, 'gi'));
    WHEN 'number' THEN
      RETURN CASE WHEN entry #>> '{}' ~* pattern THEN to_jsonb(pseudonym) ELSE entry END;
    WHEN 'array' THEN
      RETURN coalesce((SELECT jsonb_agg(kezhi_redact_json(item, pattern, pseudonym) ORDER BY place)
                       FROM jsonb_array_elements(entry) WITH ORDINALITY AS a (item, place)), entry);
    WHEN 'object' THEN
      RETURN coalesce((SELECT jsonb_object_agg(regexp_replace(key, pattern, pseudonym, 'gi'),
                                               kezhi_redact_json(value, pattern, pseudonym))
                       FROM jsonb_each(entry)), entry);
    ELSE
      RETURN entry;
  END CASE;
END $$;
"""
REDACT = """
CREATE OR REPLACE FUNCTION kezhi_redact_audit(
  in_table text, ids bigint[], pattern text, pseudonym text, is_emptied boolean)
RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF in_table = 'audit_entry' THEN
    RETURN QUERY UPDATE audit_entry SET
      subject_title = left(CASE WHEN is_emptied THEN pseudonym
                                ELSE regexp_replace(subject_title, pattern, pseudonym, 'gi') END, 250),
      reason = left(regexp_replace(reason, pattern, pseudonym, 'gi'), 500),
      detail = kezhi_redact_json(detail, pattern, pseudonym)
      WHERE id = ANY(ids) RETURNING tx;
  ELSIF in_table = 'audit_change' THEN
    IF is_emptied THEN
      RETURN QUERY UPDATE audit_change SET
        before = (SELECT jsonb_object_agg(key, CASE WHEN key = 'id' THEN value ELSE 'null'::jsonb END)
                  FROM jsonb_each(before)),
        after = (SELECT jsonb_object_agg(key, CASE WHEN key = 'id' THEN value ELSE 'null'::jsonb END)
                 FROM jsonb_each(after))
        WHERE id = ANY(ids) RETURNING tx;
    ELSE
      RETURN QUERY UPDATE audit_change SET
        before = kezhi_redact_json(before, pattern, pseudonym),
        after = kezhi_redact_json(after, pattern, pseudonym)
        WHERE id = ANY(ids) RETURNING tx;
    END IF;
  ELSIF in_table = 'audit_sighting' THEN
    RETURN QUERY UPDATE audit_sighting SET
      title = left(CASE WHEN is_emptied THEN pseudonym
                        ELSE regexp_replace(title, pattern, pseudonym, 'gi') END, 250)
      WHERE id = ANY(ids) RETURNING tx;
  ELSE
    RAISE EXCEPTION 'not a table of the log: %', in_table;
  END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_taking_names_out")]

    operations = [
        migrations.RunSQL(WITHIN, "DROP FUNCTION kezhi_redact_json(jsonb, text, text)"),
        migrations.RunSQL(REDACT, migrations.RunSQL.noop),
    ]
