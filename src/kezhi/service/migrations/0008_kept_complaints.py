import csv
from pathlib import Path

from django.db import migrations

from kezhi.audit.triggers import keep_changes

REFERENCE = Path(__file__).resolve().parent.parent / "reference" / "complaint_causes.csv"


def load_causes(apps, schema_editor):
    """The causes to begin with; from then on the list is the company's."""
    Cause = apps.get_model("service", "ComplaintCause")
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            Cause.objects.get_or_create(
                category=row["category"], name=row["name"], defaults={"name_en": row["name_en"]}
            )


class Migration(migrations.Migration):
    dependencies = [("service", "0007_complaints"), ("audit", "0001_initial")]

    operations = [
        migrations.RunPython(load_causes, migrations.RunPython.noop),
        keep_changes("service_complaint", hidden="updated_at"),
        keep_changes("service_complaintcause"),
        keep_changes("service_complaintparty"),
        keep_changes("service_complaintrules"),
        keep_changes("service_complaintstep"),
        keep_changes("service_compensation", hidden="updated_at"),
        keep_changes("service_feedbackattempt"),
    ]
