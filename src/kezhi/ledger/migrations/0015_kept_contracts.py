from django.db import migrations

from kezhi.audit.triggers import keep_changes
from kezhi.workbench.triggers import drop_tags


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0014_contracts"),
        ("audit", "0001_initial"),
        ("workbench", "0008_tags_go_with_records"),
    ]

    operations = [keep_changes("ledger_contract"), drop_tags("ledger_contract", "contract")]
