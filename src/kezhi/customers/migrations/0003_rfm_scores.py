from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_kept_changes")]

    operations = [
        migrations.AddField("standing", name, models.PositiveSmallIntegerField(null=True))
        for name in ("recency_score", "frequency_score", "monetary_score")
    ]
