from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("audit", "0001_initial")]

    operations = [
        keep_changes("accounts_user", hidden="password,last_login"),
        keep_changes("accounts_user_roles"),
        keep_changes("accounts_role"),
        keep_changes("accounts_department"),
        keep_changes("accounts_team"),
        keep_changes("accounts_company"),
    ]
