from django.db import migrations, models

OPEN = ("new", "open", "waiting")


class Migration(migrations.Migration):
    dependencies = [("service", "0021_queue_in_each_order")]

    operations = [
        *(
            migrations.AddIndex(
                model_name="ticket",
                index=models.Index(
                    condition=models.Q(("state__in", OPEN)),
                    fields=[f"{whose}_id", "-at_stake", "-id"],
                    name=f"tickets_open_{whose}",
                ),
            )
            for whose in ("owner", "team", "department")
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("snoozed_until__isnull", True), ("state__in", OPEN)),
                fields=["assignee", "state", "-at_stake", "-priority", "id"],
                name="tickets_board_mine",
            ),
        ),
    ]
