from django.db import migrations, models


class Migration(migrations.Migration):
    """A varchar that grows is no rewrite of the table."""

    dependencies = [("customers", "0018_match_keys_unchecked")]

    operations = [
        migrations.AlterField(
            model_name="customer", name="name", field=models.CharField(max_length=300)
        ),
    ]
