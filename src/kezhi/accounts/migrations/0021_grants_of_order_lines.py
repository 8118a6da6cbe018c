import csv
from pathlib import Path

from django.db import migrations

REFERENCE = Path(__file__).resolve().parent.parent / "reference" / "roles.csv"


def load_missing_grants(apps, schema_editor):
    """Order lines became a kind of record of their own; what a company set itself stays."""
    Role = apps.get_model("accounts", "Role")
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "order_line"]
    for role in Role.objects.all():
        for row in rows:
            if row["role"] == role.key and "order_line" not in role.grants:
                role.grants["order_line"] = {
                    k: v for k, v in row.items() if k not in ("role", "name", "kind") and v
                }
                role.save()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0020_data_protection")]

    operations = [migrations.RunPython(load_missing_grants, migrations.RunPython.noop)]
