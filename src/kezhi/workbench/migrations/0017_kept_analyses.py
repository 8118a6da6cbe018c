import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_jobs_can_be_repeated"),
        ("workbench", "0016_sensitive_fields"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptAnalysis",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject", models.CharField(max_length=60)),
                ("whose", models.CharField(max_length=64)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("figures", models.JSONField(default=dict)),
                ("counted_at", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField()),
                (
                    "job_run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="core.jobrun",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("subject", "whose"), name="workbench_analysis_once"
                    )
                ],
            },
        ),
    ]
