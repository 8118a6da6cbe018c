from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("insight", "0008_index_drafts"), ("audit", "0001_initial")]

    operations = [keep_changes("insight_indexdraft"), keep_changes("insight_indexjudgement")]
