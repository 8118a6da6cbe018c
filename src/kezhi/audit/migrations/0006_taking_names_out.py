from django.db import migrations

# The application may add to the log and not change it. What the law demands goes through this function alone:
# it puts a pseudonym in the place of what matches, or empties the entries of rows that are gone, and touches
# nothing else of a row. A seal over such rows holds only with a row of `audit_redaction` made under the key.
REDACT = """
CREATE FUNCTION kezhi_redact_audit(in_table text, ids bigint[], pattern text, pseudonym text, is_emptied boolean)
RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF in_table = 'audit_entry' THEN
    RETURN QUERY UPDATE audit_entry SET
      subject_title = left(CASE WHEN is_emptied THEN pseudonym
                                ELSE regexp_replace(subject_title, pattern, pseudonym, 'gi') END, 250),
      reason = left(regexp_replace(reason, pattern, pseudonym, 'gi'), 500),
      detail = regexp_replace(detail::text, pattern, pseudonym, 'gi')::jsonb
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
        before = regexp_replace(before::text, pattern, pseudonym, 'gi')::jsonb,
        after = regexp_replace(after::text, pattern, pseudonym, 'gi')::jsonb
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
    dependencies = [("audit", "0005_redactions_and_days")]

    operations = [
        migrations.RunSQL(
            REDACT, "DROP FUNCTION kezhi_redact_audit(text, bigint[], text, text, boolean)"
        )
    ]
