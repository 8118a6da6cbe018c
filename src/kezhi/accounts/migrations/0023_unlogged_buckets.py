from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0022_traffic_of_integrations")]

    operations = [
        # Written at every request: without the log it costs no flush, and after a crash everybody begins full.
        migrations.RunSQL(
            "ALTER TABLE accounts_bucket SET UNLOGGED", "ALTER TABLE accounts_bucket SET LOGGED"
        ),
    ]
