from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("service", "0010_kept_portal")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE service_ticket_number_seq",
            "DROP SEQUENCE IF EXISTS service_ticket_number_seq",
        )
    ]
