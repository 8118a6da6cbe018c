from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("customers", "0008_parties"), ("audit", "0001_initial")]

    operations = [
        keep_changes("customers_address"),
        keep_changes("customers_identifier"),
        keep_changes("customers_relation"),
        keep_changes("customers_importantdate"),
        keep_changes("customers_promise"),
        keep_changes("customers_need"),
    ]
