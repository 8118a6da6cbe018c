from django.db import migrations

from kezhi.audit.triggers import keep_changes

# Secrets must not be copied; where sending stands is noise.
HIDDEN = "secret,former_secret,failures,failing_since,hold_until,delivered_at,received_at"


class Migration(migrations.Migration):
    dependencies = [("messaging", "0003_webhooks"), ("audit", "0001_initial")]

    operations = [
        keep_changes("messaging_webhook", hidden=HIDDEN),
        keep_changes("messaging_inboundwebhook", hidden=HIDDEN),
    ]
