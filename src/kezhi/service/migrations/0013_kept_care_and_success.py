from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("service", "0012_care_and_success"), ("audit", "0001_initial")]

    operations = [
        keep_changes("service_careplan"),
        keep_changes("service_caretouch"),
        keep_changes("service_successplan", hidden="health"),
        keep_changes("service_successmeasure"),
        keep_changes("service_successreading"),
    ]
