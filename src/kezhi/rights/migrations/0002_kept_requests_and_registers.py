from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("rights", "0001_requests_and_registers"), ("audit", "0001_initial")]

    operations = [
        keep_changes("rights_datarequest"),
        keep_changes("rights_requeststep"),
        keep_changes("rights_package"),
        keep_changes("rights_erasure", hidden="digests"),
        keep_changes("rights_legalhold"),
        keep_changes("rights_retentionrule"),
        keep_changes("rights_rightsrules"),
        keep_changes("rights_recipient"),
        keep_changes("rights_assessment"),
        keep_changes("rights_incident"),
    ]
