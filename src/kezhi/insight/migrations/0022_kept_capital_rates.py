from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("insight", "0021_payment_behaviour"), ("audit", "0001_initial")]

    operations = [keep_changes("insight_capitalrate")]
