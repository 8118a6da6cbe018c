from django.db import migrations

from kezhi.workbench.triggers import drop_tags


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0005_custom"),
        ("workbench", "0008_tags_go_with_records"),
    ]

    operations = [drop_tags("ledger_order", "order")]
