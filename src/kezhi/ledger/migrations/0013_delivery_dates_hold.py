from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    """Reads every order while others write: nobody waits for it."""

    dependencies = [("ledger", "0012_compensation_is_a_cost")]

    operations = [
        ValidateConstraint("order", "orders_promised_after_order"),
        ValidateConstraint("order", "orders_delivered_after_order"),
    ]
