from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("accounts", "0015_integrations")]

    operations = [
        keep_changes("accounts_integration"),
        keep_changes("accounts_token", hidden="digest,last_used_at,last_used_from"),
    ]
