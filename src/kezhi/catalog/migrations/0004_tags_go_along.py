from django.db import migrations

from kezhi.workbench.triggers import drop_tags


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0003_product_custom"),
        ("workbench", "0008_tags_go_with_records"),
    ]

    operations = [drop_tags("catalog_product", "product")]
