"""What doesn't come back with a backup: sessions, links that open an account, work that was queued then."""

from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext as _

from kezhi.accounts.models import OneTimeLink, Session
from kezhi.core.models import JobRun, JobState
from kezhi.core.restoring import Restored, after_restore


@after_restore("accounts: sessions and links")
def sign_everybody_out(restored: Restored) -> int:
    """Whoever was signed out, or whose link was used, since the backup doesn't get in by it again."""
    sessions, _each = Session.objects.all().delete()
    links, _each = OneTimeLink.objects.all().delete()
    return sessions + links


@after_restore("jobs: queued work")
def drop_queued_work(restored: Restored) -> int:
    """It may have been done since then; what is still due is found by what looks for it every few minutes."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
        dropped = cursor.rowcount
    for run in JobRun.objects.under_way():
        run.message = str(
            _("It was under way when the backup was made; start it again if it is needed.")
        )
        run.save(update_fields=["message"])
        run.finish(JobState.FAILED)
    return dropped
