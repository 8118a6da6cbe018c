import csv
from pathlib import Path

from django.db import migrations

REFERENCE = Path(__file__).resolve().parent.parent / "reference" / "roles.csv"


def load_roles(apps, schema_editor):
    """The roles that come with the product; from here on they belong to the company."""
    Role = apps.get_model("accounts", "Role")
    grants = {}
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key, name, kind = row.pop("role"), row.pop("name"), row.pop("kind")
            role = grants.setdefault((key, name), {})
            role[kind] = {action: scope for action, scope in row.items() if scope}
    for (key, name), given in grants.items():
        Role.objects.get_or_create(key=key, defaults={"name": name, "grants": given})


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_kept_changes")]

    operations = [migrations.RunPython(load_roles, migrations.RunPython.noop)]
