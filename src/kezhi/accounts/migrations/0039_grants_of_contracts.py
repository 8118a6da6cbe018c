import csv
from pathlib import Path

from django.db import migrations

REFERENCE = Path(__file__).resolve().parent.parent / "reference" / "roles.csv"


def load_missing_grants(apps, schema_editor):
    """Contracts came to the ledger; what a company set itself stays."""
    Role = apps.get_model("accounts", "Role")
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for role in Role.objects.all():
        known = set(role.grants)
        for row in rows:
            if row["role"] != role.key or row["kind"] in known:
                continue
            role.grants[row["kind"]] = {
                k: v for k, v in row.items() if k not in ("role", "name", "kind") and v
            }
        role.save()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0038_grants_of_webhooks")]

    operations = [migrations.RunPython(load_missing_grants, migrations.RunPython.noop)]
