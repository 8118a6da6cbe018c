from django.db import migrations

from kezhi.audit.triggers import keep_changes

DROP = "DROP TRIGGER IF EXISTS kezhi_keep_change ON customers_customer"


class Migration(migrations.Migration):
    """How complete a customer's data are is derived: its changes are noise in the log."""

    dependencies = [
        ("customers", "0013_kept_cards_and_pairs"),
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(DROP, keep_changes("customers_customer").sql),
        keep_changes("customers_customer", hidden="completeness"),
    ]
