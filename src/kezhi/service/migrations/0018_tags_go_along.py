from django.db import migrations

from kezhi.workbench.triggers import drop_tags


class Migration(migrations.Migration):
    dependencies = [("service", "0017_kept_macros"), ("workbench", "0008_tags_go_with_records")]

    operations = [
        drop_tags("service_ticket", "ticket"),
        drop_tags("service_article", "article"),
        drop_tags("service_complaint", "complaint"),
        drop_tags("service_successplan", "success_plan"),
    ]
