"""A table of standings can be written anew beside the one that is read, and take its place.

The application has no right to change tables: it may call these functions, which know this one table. The new
one gets whatever the present one has: columns, checks, indexes, keys, triggers, rights and storage settings.
"""

from django.db import migrations

FORWARD = r"""
CREATE FUNCTION kezhi_standing_next() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  settings text := (SELECT array_to_string(reloptions, ', ') FROM pg_class
                    WHERE oid = 'customers_standing'::regclass);
  granted record;
BEGIN
  DROP TABLE IF EXISTS customers_standing_next;
  CREATE TABLE customers_standing_next (LIKE customers_standing INCLUDING ALL EXCLUDING INDEXES);
  IF settings IS NOT NULL THEN
    EXECUTE format('ALTER TABLE customers_standing_next SET (%s)', settings);
  END IF;
  FOR granted IN
    SELECT a.privilege_type, a.is_grantable,
           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee
    FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.oid = 'customers_standing'::regclass AND a.grantee <> c.relowner
  LOOP
    EXECUTE format('GRANT %s ON customers_standing_next TO %s%s', granted.privilege_type, granted.grantee,
                   CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON customers_standing_next TO %I', session_user);
END $$;

CREATE FUNCTION kezhi_standing_index() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  made record;
BEGIN
  FOR made IN
    SELECT c.relname, pg_get_indexdef(i.indexrelid) AS definition
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = 'customers_standing'::regclass ORDER BY c.relname
  LOOP
    EXECUTE replace(made.definition,
      format(' INDEX %I ON public.customers_standing ', made.relname),
      format(' INDEX %I ON public.customers_standing_next ', made.relname || '_next'));
  END LOOP;
  ANALYZE customers_standing_next;
END $$;

-- Takes the place of the present table, with what others wrote there since: rows whose transaction isn't older
-- than `since`. `held` is how many rows the caller wrote. Returns the customers that are gone.
CREATE FUNCTION kezhi_standing_exchange(since bigint, held bigint) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '700ms' AS $$
DECLARE
  age_since bigint;
  rows_now bigint;
  came bigint;
  touched bigint[];
  gone bigint[] := '{}';
  bound text[];
  named record;
  statement text;
BEGIN
  -- In the order in which writers take them.
  LOCK TABLE customers_customer IN SHARE ROW EXCLUSIVE MODE;
  LOCK TABLE customers_standing IN ACCESS EXCLUSIVE MODE;
  SET CONSTRAINTS ALL IMMEDIATE;
  age_since := pg_current_xact_id()::text::bigint - since;
  SELECT count(*), array_agg(customer_id) FILTER (WHERE age(xmin) <= age_since)
    INTO rows_now, touched FROM customers_standing;
  UPDATE customers_standing_next n
    SET owner_id = s.owner_id, team_id = s.team_id, department_id = s.department_id
    FROM customers_standing s
    WHERE s.customer_id = ANY (touched) AND n.customer_id = s.customer_id
      AND (n.owner_id, n.team_id, n.department_id)
          IS DISTINCT FROM (s.owner_id, s.team_id, s.department_id);
  INSERT INTO customers_standing_next
    SELECT s.* FROM customers_standing s
    WHERE s.customer_id = ANY (touched)
      AND NOT EXISTS (SELECT 1 FROM customers_standing_next n WHERE n.customer_id = s.customer_id);
  GET DIAGNOSTICS came = ROW_COUNT;
  IF held + came <> rows_now THEN
    WITH dropped AS (
      DELETE FROM customers_standing_next n
      WHERE NOT EXISTS (SELECT 1 FROM customers_standing s WHERE s.customer_id = n.customer_id)
      RETURNING n.customer_id)
    SELECT coalesce(array_agg(customer_id), '{}') INTO gone FROM dropped;
  END IF;

  -- Keys and triggers as they read now, to be said again once the name is free.
  SELECT array_agg(said ORDER BY place) INTO bound FROM (
    SELECT 1 AS place, format('ALTER TABLE customers_standing ADD CONSTRAINT %I %s USING INDEX %I',
        k.conname, CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, c.relname || '_next')
      AS said
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conindid
    WHERE k.conrelid = 'customers_standing'::regclass AND k.contype IN ('p', 'u')
    UNION ALL
    SELECT 2, format('ALTER INDEX %I RENAME TO %I', c.relname || '_next', c.relname)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = 'customers_standing'::regclass
      AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
                        AND k.conrelid = i.indrelid)
    UNION ALL
    SELECT 3, format('ALTER TABLE customers_standing ADD CONSTRAINT %I %s%s', conname,
                     pg_get_constraintdef(oid), CASE WHEN convalidated THEN ' NOT VALID' ELSE '' END)
    FROM pg_constraint WHERE conrelid = 'customers_standing'::regclass AND contype = 'f'
    UNION ALL
    SELECT 4, pg_get_triggerdef(oid) FROM pg_trigger
    WHERE tgrelid = 'customers_standing'::regclass AND NOT tgisinternal) saying;
  DROP TABLE customers_standing;
  ALTER TABLE customers_standing_next RENAME TO customers_standing;
  FOREACH statement IN ARRAY bound LOOP
    EXECUTE statement;
  END LOOP;
  SET CONSTRAINTS ALL DEFERRED;
  RETURN gone;
END $$;

-- Afterwards, when nobody waits any more: every row has its customer, as the key says.
CREATE FUNCTION kezhi_standing_validate() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
  bound text;
BEGIN
  SET CONSTRAINTS ALL IMMEDIATE;
  FOR bound IN
    SELECT conname FROM pg_constraint
    WHERE conrelid = 'customers_standing'::regclass AND contype = 'f' AND NOT convalidated
  LOOP
    EXECUTE format('ALTER TABLE customers_standing VALIDATE CONSTRAINT %I', bound);
  END LOOP;
END $$;

-- Whoever deletes customers waits for a run that is being published just then, and the run for them: else it
-- would publish what it measured of somebody who is gone.
CREATE FUNCTION kezhi_standing_leaves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7320582);
  RETURN NULL;
END $$;
CREATE TRIGGER kezhi_standing_leaves BEFORE DELETE ON customers_standing
FOR EACH STATEMENT EXECUTE FUNCTION kezhi_standing_leaves();

REVOKE ALL ON FUNCTION kezhi_standing_next() FROM PUBLIC;
REVOKE ALL ON FUNCTION kezhi_standing_index() FROM PUBLIC;
REVOKE ALL ON FUNCTION kezhi_standing_exchange(bigint, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION kezhi_standing_validate() FROM PUBLIC;
"""
BACKWARD = """
DROP TRIGGER kezhi_standing_leaves ON customers_standing;
DROP FUNCTION kezhi_standing_leaves();
DROP FUNCTION kezhi_standing_validate();
DROP FUNCTION kezhi_standing_exchange(bigint, bigint);
DROP FUNCTION kezhi_standing_index();
DROP FUNCTION kezhi_standing_next();
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0022_kept_consents")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
