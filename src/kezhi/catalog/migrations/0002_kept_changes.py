from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial"), ("audit", "0001_initial")]

    operations = [keep_changes("catalog_category"), keep_changes("catalog_product")]
