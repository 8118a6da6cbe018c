import kezhi.audit.models
from django.db import migrations, models

# How far what is recorded is ahead of the server's own count; a dump takes the sequence along. A sequence and
# no table: whoever waits for the lock must see what another transaction has set, whatever its snapshot is.
CLOCK = "CREATE SEQUENCE audit_clock MINVALUE 0 START 0"

# Asked once by each connection that records. In a server that has counted less than what is recorded (a dump
# was restored) new rows would fall among sealed ones, so the count goes on after the last of them. The lowest
# transaction under way gets the first free number.
SET_CLOCK = """
CREATE FUNCTION kezhi_set_clock() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  ahead bigint;
  recorded bigint;
BEGIN
  FOR attempt IN 1..2 LOOP
    SELECT last_value INTO ahead FROM audit_clock;
    SELECT greatest(0, (SELECT max(tx) FROM audit_entry), (SELECT max(tx) FROM audit_change),
                    (SELECT max(tx) FROM audit_sighting), (SELECT max(until_tx) - 1 FROM audit_seal))
      INTO recorded;
    IF recorded < ahead + greatest(txid_snapshot_xmax(txid_current_snapshot()),
                                   txid_current_if_assigned() + 1) THEN
      RETURN ahead;
    END IF;
    PERFORM pg_advisory_xact_lock(x'5EA2'::bigint);
  END LOOP;
  ahead := recorded + 1 - txid_snapshot_xmin(txid_current_snapshot());
  PERFORM setval('audit_clock', ahead);
  RETURN ahead;
END $$;
"""

TRANSACTION = """
CREATE FUNCTION kezhi_transaction() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  ahead text := current_setting('kezhi.clock', true);
BEGIN
  IF coalesce(ahead, '') = '' THEN
    ahead := set_config('kezhi.clock', public.kezhi_set_clock()::text, false);
  END IF;
  RETURN txid_current() + ahead::bigint;
END $$;
"""


def counting_on(model):
    number = models.BigIntegerField(
        db_default=kezhi.audit.models.RecordedTransaction(), editable=False
    )
    return migrations.AlterField(model_name=model, name="tx", field=number)


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0003_seals_and_sightings'),
    ]

    operations = [
        migrations.RunSQL(CLOCK, "DROP SEQUENCE audit_clock"),
        migrations.RunSQL(SET_CLOCK, "DROP FUNCTION kezhi_set_clock()"),
        migrations.RunSQL(TRANSACTION, "DROP FUNCTION kezhi_transaction()"),
        counting_on("entry"),
        counting_on("change"),
        counting_on("sighting"),
    ]
