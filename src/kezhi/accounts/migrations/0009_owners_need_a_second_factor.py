from django.db import migrations


def ask_owners(apps, schema_editor):
    """Who may do everything proves twice who they are, once the company enforces it."""
    apps.get_model("accounts", "Role").objects.filter(key="owner").update(
        is_second_factor_required=True
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_identity")]

    operations = [migrations.RunPython(ask_owners, migrations.RunPython.noop)]
