from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_rfm_scores")]

    operations = [migrations.RemoveField("standing", "expected_purchases_12m")]
