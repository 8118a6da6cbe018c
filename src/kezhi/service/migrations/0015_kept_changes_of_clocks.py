from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("service", "0014_clocks_and_needs"), ("audit", "0001_initial")]

    operations = [
        keep_changes("service_businesscalendar"),
        keep_changes("service_calendarversion"),
        keep_changes("service_servicelevels"),
        keep_changes("service_internallevel"),
        keep_changes("service_routingrule"),
        keep_changes("service_ticketneed"),
        keep_changes("service_internalrequest"),
    ]
