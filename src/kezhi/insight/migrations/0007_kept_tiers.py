from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("insight", "0006_tiers_by_hand_and_policies"), ("audit", "0001_initial")]

    operations = [keep_changes("insight_tieroverride"), keep_changes("insight_tierpolicies")]
