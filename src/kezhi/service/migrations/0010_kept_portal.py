from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("service", "0009_portal"), ("audit", "0001_initial")]

    operations = [
        keep_changes("service_portalaccount", hidden="password,signed_in_at,updated_at"),
        keep_changes("service_portalsettings"),
        keep_changes("service_idea", hidden="votes_count,updated_at"),
        keep_changes("service_ideacomment"),
        keep_changes("service_ticketrating"),
    ]
