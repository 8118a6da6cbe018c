from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("customers", "0015_segments"), ("audit", "0001_initial")]

    operations = [
        keep_changes("customers_segment", hidden="size,counted_on"),
    ]
