from django.db import migrations

from kezhi.audit.triggers import keep_changes


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_owners_need_a_second_factor")]

    operations = [
        keep_changes("accounts_codeapp", hidden="secret,last_step,used_at"),
        keep_changes("accounts_passkey", hidden="public_data,handle,credential_id,uses,used_at"),
        keep_changes("accounts_identityprovider", hidden="client_secret"),
        keep_changes("accounts_externalidentity", hidden="used_at"),
    ]
