"""What runs wrote of a customer goes when the customer goes, whoever deletes it: no constraint sees to it."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION kezhi_forget_measured() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM insight_snapshot WHERE customer_id = OLD.id;
  DELETE FROM insight_tiermove WHERE customer_id = OLD.id;
  DELETE FROM insight_stagemove WHERE customer_id = OLD.id;
  DELETE FROM insight_lostcustomer WHERE customer_id = OLD.id;
  DELETE FROM insight_paymentbehaviour WHERE customer_id = OLD.id;
  RETURN NULL;
END $$;
CREATE TRIGGER kezhi_forget_measured AFTER DELETE ON customers_customer
FOR EACH ROW EXECUTE FUNCTION kezhi_forget_measured();
"""
BACKWARD = """
DROP TRIGGER kezhi_forget_measured ON customers_customer;
DROP FUNCTION kezhi_forget_measured();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("insight", "0023_measured_in_sets"),
        ("customers", "0020_indices_beside_value"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
