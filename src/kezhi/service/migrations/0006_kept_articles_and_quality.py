from django.db import migrations

from kezhi.audit.triggers import keep_changes

ARTICLE = "helped,not_helped,views,updated_at"


class Migration(migrations.Migration):
    dependencies = [("service", "0005_articles_and_quality"), ("audit", "0001_initial")]

    operations = [
        keep_changes("service_articletopic"),
        keep_changes("service_article", hidden=ARTICLE),
        keep_changes("service_article_products"),
        keep_changes("service_articleversion"),
        keep_changes("service_scorecard"),
        keep_changes("service_reviewround"),
        keep_changes("service_casereview"),
        keep_changes("service_skilllevel", hidden="updated_at"),
        keep_changes("service_course"),
        keep_changes("service_trainingrecord"),
        migrations.RunSQL(
            "CREATE SEQUENCE service_article_code_seq",
            "DROP SEQUENCE IF EXISTS service_article_code_seq",
        ),
        # A search reads many rows and few of their texts: those lie aside.
        migrations.RunSQL(
            "ALTER TABLE service_articletext SET (toast_tuple_target = 256)",
            "ALTER TABLE service_articletext RESET (toast_tuple_target)",
        ),
    ]
