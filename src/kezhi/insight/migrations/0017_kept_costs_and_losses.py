from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("insight", "0016_costs_and_losses"), ("audit", "0001_initial")]

    operations = [
        keep_changes("insight_loss"),
        keep_changes("insight_winbackrules"),
        keep_changes("insight_activityrate"),
        keep_changes("insight_sharedcost"),
    ]
