from django.db import migrations

from kezhi.audit.triggers import keep_changes

# Passwords must not be copied; where fetching stands is noise.
HIDDEN = (
    "smtp_sealed,imap_sealed,sending_problem,sending_said,uid_validity,last_uid,waiting_count,"
    "fetched_at,fetching_problem,fetching_said,failures,next_fetch_at"
)


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_mail_and_notices"), ("audit", "0001_initial")]

    operations = [
        keep_changes("messaging_mailaccount", hidden=HIDDEN),
        keep_changes("messaging_mailtemplate"),
    ]
