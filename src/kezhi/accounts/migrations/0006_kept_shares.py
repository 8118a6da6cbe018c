from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_grants_of_records")]

    operations = [keep_changes("accounts_share"), keep_changes("accounts_delegation")]
