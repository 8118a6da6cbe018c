from django.db import migrations

from kezhi.workbench.triggers import drop_tags_function


class Migration(migrations.Migration):
    dependencies = [("workbench", "0007_bulk_and_typed_tags")]

    operations = [drop_tags_function()]
