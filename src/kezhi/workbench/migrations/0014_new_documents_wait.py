"""New search documents wait in a short list of the index, and a job sorts them in."""

import django.contrib.postgres.indexes
from django.db import migrations

WAITING = """
ALTER INDEX workbench_search_tokens SET (fastupdate = on, gin_pending_list_limit = 256);

CREATE FUNCTION kezhi_sort_search_in() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT gin_clean_pending_list('workbench_search_tokens')
$$;

REVOKE ALL ON FUNCTION kezhi_sort_search_in() FROM PUBLIC;
"""
AT_ONCE = """
DROP FUNCTION kezhi_sort_search_in();
SELECT gin_clean_pending_list('workbench_search_tokens');
ALTER INDEX workbench_search_tokens RESET (gin_pending_list_limit);
ALTER INDEX workbench_search_tokens SET (fastupdate = off);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('workbench', '0013_syllables_in_pairs'),
    ]

    operations = [
        # The index is kept: to make it anew takes minutes at a million records.
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(WAITING, AT_ONCE)],
            [
                migrations.RemoveIndex(
                    model_name='searchdocument',
                    name='workbench_search_tokens',
                ),
                migrations.AddIndex(
                    model_name='searchdocument',
                    index=django.contrib.postgres.indexes.GinIndex(fastupdate=True, fields=['tokens'], gin_pending_list_limit=256, name='workbench_search_tokens'),
                ),
            ],
        ),
    ]
