from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("workbench", "0002_tags_files_fields_search"), ("audit", "0001_initial")]

    operations = [
        keep_changes("workbench_tag"),
        keep_changes("workbench_tagging"),
        keep_changes("workbench_attachment", hidden="text"),
        keep_changes("workbench_customfield"),
        keep_changes("workbench_layout"),
    ]
