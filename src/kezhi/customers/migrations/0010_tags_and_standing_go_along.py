from django.db import migrations

from kezhi.audit.triggers import keep_changes
from kezhi.workbench.triggers import drop_tags


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0009_kept_parties"),
        ("workbench", "0008_tags_go_with_records"),
    ]

    operations = [
        drop_tags("customers_customer", "customer"),
        drop_tags("customers_contact", "contact"),
        drop_tags("customers_followup", "follow_up"),
        # Only its end is kept: a deleted customer can come back with the value that was measured.
        keep_changes("customers_standing", "customer_id", events="DELETE"),
    ]
