"""From the previous release with data: its dump is migrated, and the pages show what was there."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from kezhi.operations.backups.tools import named, tool

RELEASES = sorted(Path(__file__).with_name("releases").glob("*.dump"))
VISIT = """
import json, django
from django.conf import settings
settings.STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
settings.ALLOWED_HOSTS = ["testserver"]
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0, interactive=False)
from django.test import Client
from kezhi.accounts.models import User
from kezhi.audit import sealing
from kezhi.customers.models import Customer
client = Client()
client.force_login(User.objects.get(login="owner"))
customer = Customer.objects.get(code="C-010")
paths = ["/", "/customers/", f"/customers/{customer.pk}/", "/contacts/", "/orders/", "/value/",
         "/settings/audit/", "/jobs/", "/settings/operations/"]
pages = {path: client.get(path) for path in paths}
made = client.post("/products/new/", {"code": "N-1", "name": "新茶", "is_active": "on"})
print(json.dumps({
    "status": {path: page.status_code for path, page in pages.items()},
    "shows": customer.name in pages[f"/customers/{customer.pk}/"].text,
    "made": made.status_code,
    "sound": sealing.verify().is_sound,
    "customers": Customer.objects.count(),
}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES, ids=[path.stem for path in RELEASES])
def test_a_release_with_data_is_brought_up_to_date(django_db_setup, release, tmp_path):
    import json

    admin = os.environ["KEZHI_TEST_ADMIN_URL"]
    name = f"kezhi_upgraded_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    url = f"{admin.rpartition('/')[0]}/{name}"
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            address, environment = named(url)
            command = [tool("pg_restore", server.info.server_version // 10_000), "--no-owner"]
            subprocess.run(
                [*command, "--exit-on-error", f"--dbname={address}", release],
                env=environment,
                check=True,
            )
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", VISIT],
                env=os.environ
                | {
                    "DATABASE_URL": url,
                    "KEZHI_DATA": str(tmp_path),
                    "KEZHI_SECRET_KEY": "only-for-tests",
                    "DJANGO_SETTINGS_MODULE": "kezhi.settings",
                },
                capture_output=True,
                text=True,
            )
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert set(said["status"].values()) == {200}, said
    assert (said["made"], said["shows"], said["sound"], said["customers"]) == (302, True, True, 60)


def test_there_is_a_release_to_come_from():
    assert RELEASES
    for path in RELEASES:
        assert path.stat().st_size < 2_000_000
