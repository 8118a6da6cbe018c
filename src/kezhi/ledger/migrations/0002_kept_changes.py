from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial"), ("audit", "0001_initial")]

    operations = [
        keep_changes("ledger_order"),
        keep_changes("ledger_orderline"),
        keep_changes("ledger_costentry"),
    ]
