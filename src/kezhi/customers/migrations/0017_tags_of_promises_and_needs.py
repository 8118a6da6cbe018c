from django.db import migrations

from kezhi.workbench.triggers import drop_tags


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0016_kept_segments"),
        ("workbench", "0008_tags_go_with_records"),
    ]

    operations = [
        drop_tags("customers_promise", "promise"),
        drop_tags("customers_need", "need"),
    ]
