from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0019_longer_names"),
    ]

    operations = [
        migrations.AddField(
            model_name="standing",
            name="influence_index",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="standing",
            name="loyalty_index",
            field=models.FloatField(null=True),
        ),
    ]
