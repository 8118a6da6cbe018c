import django.db.models.deletion
from django.db import migrations, models

AUDIENCES = [
    ("private", "Only me"),
    ("team", "My team"),
    ("department", "My department and those below it"),
    ("everyone", "Everyone"),
]
KEPT = ("savedview", "report", "dashboard")


class Migration(migrations.Migration):
    """Audience: one whole department. Runs: their title in every language."""

    dependencies = [
        ("accounts", "0038_grants_of_webhooks"),
        ("workbench", "0017_kept_analyses"),
    ]

    operations = [
        *(
            migrations.AlterField(
                model_name=name,
                name="audience",
                field=models.CharField(choices=AUDIENCES, default="private", max_length=10),
            )
            for name in KEPT
        ),
        *(
            migrations.AddField(
                model_name=name,
                name="department",
                field=models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=django.db.models.deletion.SET_NULL,
                    related_name="+",
                    to="accounts.department",
                ),
            )
            for name in KEPT
        ),
        migrations.AddField(
            model_name="bulkrun",
            name="words",
            field=models.JSONField(
                db_default=models.Value({}, output_field=models.JSONField()), default=dict
            ),
        ),
    ]
