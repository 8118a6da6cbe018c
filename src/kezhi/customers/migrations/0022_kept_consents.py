from django.db import migrations

from kezhi.audit.triggers import keep_changes

# What was agreed to is never written anew: a withdrawal is put in once, and a record that moves to another
# owner, or into a merge, takes it along.
APPEND_ONLY = """
CREATE FUNCTION kezhi_keep_consent() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  placed text[] := ARRAY['customer_id', 'contact_id', 'owner_id', 'team_id', 'department_id', 'version',
                         'updated_at', 'custom'];
  withdrawal text[] := ARRAY['state', 'withdrawn_at', 'withdrawn_by', 'withdrawn_detail'];
BEGIN
  IF to_jsonb(OLD) - placed = to_jsonb(NEW) - placed THEN
    RETURN NEW;
  END IF;
  IF OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL
     AND to_jsonb(OLD) - placed - withdrawal = to_jsonb(NEW) - placed - withdrawal THEN
    RETURN NEW;
  END IF;
  IF current_setting('kezhi.erasing', true) = 'on' AND OLD.state = NEW.state THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a consent is added or withdrawn, never changed' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER kezhi_keep_consent BEFORE UPDATE ON customers_consent
  FOR EACH ROW EXECUTE FUNCTION kezhi_keep_consent();
CREATE FUNCTION kezhi_keep_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a published text is never changed' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER kezhi_keep_text BEFORE UPDATE ON customers_consenttext
  FOR EACH ROW EXECUTE FUNCTION kezhi_keep_text();
"""
FREE = """
DROP TRIGGER kezhi_keep_consent ON customers_consent;
DROP FUNCTION kezhi_keep_consent();
DROP TRIGGER kezhi_keep_text ON customers_consenttext;
DROP FUNCTION kezhi_keep_text();
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0021_consents"), ("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(APPEND_ONLY, FREE),
        keep_changes("customers_consent"),
        keep_changes("customers_consenttext"),
        keep_changes("customers_donotcontact"),
        keep_changes("customers_contactpolicy"),
        keep_changes("customers_exemption"),
    ]
