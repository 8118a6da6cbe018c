from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("customers", "0012_duplicates_merges_cards"), ("audit", "0001_initial")]

    operations = [
        keep_changes("customers_duplicatepair"),
        keep_changes("customers_duplicaterules"),
        keep_changes("customers_cardbatch"),
        keep_changes("customers_card"),
    ]
