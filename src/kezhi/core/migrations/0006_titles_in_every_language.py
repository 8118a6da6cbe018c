from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0005_arguments_by_default"),
    ]

    operations = [
        migrations.AddField(
            model_name="jobrun",
            name="words",
            field=models.JSONField(
                db_default=models.Value({}, output_field=models.JSONField()), default=dict
            ),
        ),
    ]
