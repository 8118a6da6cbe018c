from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial"), ("audit", "0001_initial")]

    operations = [
        keep_changes("customers_customer"),
        keep_changes("customers_contact"),
        keep_changes("customers_interaction"),
        keep_changes("customers_followup"),
        migrations.RunSQL(
            "CREATE SEQUENCE customers_code_seq", "DROP SEQUENCE IF EXISTS customers_code_seq"
        ),
        # A run rewrites the changed rows; room on each page keeps those updates off the indexes.
        migrations.RunSQL(
            "ALTER TABLE customers_standing SET (fillfactor = 70)",
            "ALTER TABLE customers_standing RESET (fillfactor)",
        ),
    ]
