from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("service", "0003_ways_in"), ("audit", "0001_initial")]

    operations = [
        keep_changes("service_servicemailbox"),
        keep_changes("service_intakerule"),
        keep_changes("service_intakesettings"),
        keep_changes("service_serviceform"),
    ]
