from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("satisfaction", "0001_initial"), ("audit", "0001_initial")]

    operations = [
        keep_changes("satisfaction_surveyitem"),
        keep_changes("satisfaction_surveyanswer"),
    ]
