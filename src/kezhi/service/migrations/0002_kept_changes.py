from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("service", "0001_tickets"), ("audit", "0001_initial")]

    operations = [
        keep_changes("service_ticket", hidden="updated_at,at_stake"),
        keep_changes("service_ticketentry"),
    ]
