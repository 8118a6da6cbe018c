from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("ledger", "0009_acquisition_costs"), ("audit", "0001_initial")]

    operations = [keep_changes("ledger_acquisitioncost")]
