from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("service", "0016_macros_and_presence"), ("audit", "0001_initial")]

    operations = [keep_changes("service_macro", hidden="used_count")]
