"""Documents know syllables in pairs: those that are there are written anew."""

from django.db import migrations

ANEW = """
INSERT INTO workbench_searchgap (kind, first_id, last_id)
SELECT kind, min(object_id), max(object_id) FROM workbench_searchdocument GROUP BY kind
"""


class Migration(migrations.Migration):
    dependencies = [("workbench", "0012_names_are_found_whole")]

    operations = [migrations.RunSQL(ANEW, migrations.RunSQL.noop)]
