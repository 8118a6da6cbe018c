from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("customers", "0006_hand_over")]

    operations = [keep_changes("customers_handover")]
