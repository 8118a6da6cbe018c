"""The release before this one works on the tables of this one: an update can be taken back without a restore.

A company of that release (the dump of the upgrade test) is brought up to date by this code. Then that release's
own code, taken from the history, opens its pages on it and people add, edit, import and delete records there.
Needs the history of the repository.

    ./kezhi bench previous_release [--release 2026-11-21] [--code COMMIT]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).parents[1]
RELEASES = ROOT / "tests" / "operations" / "releases"
CODE = {"2026-11-21": "9a9b7abeb7f85d02c6978e9902ed14aa00ca00af"}
WORK = """
import json, re, django
from django.conf import settings
settings.STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
settings.ALLOWED_HOSTS = ["testserver"]
django.setup()
from django.test import Client
from kezhi.accounts.models import User
from kezhi.audit import sealing
from kezhi.core import queue
from kezhi.core.actor import SYSTEM
from kezhi.customers.models import Contact, Customer
client = Client(raise_request_exception=False)
client.force_login(User.objects.get(login="owner"))
customer = Customer.objects.get(code="C-010")
at = f"/customers/{customer.pk}/"
INPUT = re.compile(r'<input[^>]*\\bname="([^"]+)"[^>]*\\bvalue="([^"]*)"')
said = {}
def get(path):
    said["GET " + path] = client.get(path).status_code
def post(path, **fields):
    page = client.get(path)
    typed = dict(INPUT.findall(page.text)) if page.status_code == 200 else {}
    said["POST " + path] = client.post(path, {**typed, **fields}).status_code
for path in ("/", "/customers/", at, "/contacts/", "/orders/", "/follow-ups/", "/products/", "/value/",
             "/settings/audit/", "/settings/people/", "/search/?q=C-010"):
    get(path)
post("/products/new/", code="R-1", name="新茶", is_active="on")
post("/customers/new/", name="回退客户有限公司", form="company")
post(at + "edit/", name=customer.name, form="company", city="回退")
post("/contacts/new/", customer=customer.pk, name="回退人")
made = Customer.objects.get(name="回退客户有限公司")
post(f"/customers/{made.pk}/removal/")
run = queue.start("search.close_gaps", "x", actor=SYSTEM)
customer.refresh_from_db()
print(json.dumps({
    "said": said,
    "edited": customer.city == "回退",
    "contact": Contact.objects.filter(name="回退人").exists(),
    "removed": not Customer.objects.filter(pk=made.pk).exists(),
    "queued": run.pk > 0,
    "log_is_sound": sealing.verify().is_sound,
}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--release", default=max(CODE), choices=sorted(CODE))
    parser.add_argument("--code", help="a commit; else the release's")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kezhi-previous-") as name:
        report = worked(Path(name), arguments.release, arguments.code or CODE[arguments.release])
    print(json.dumps(report, indent=1, ensure_ascii=False))
    if not report["holds"]:
        raise SystemExit(1)


def bring_back(owner: str, release: str) -> None:
    """The data of an earlier release, in an empty database at that address."""
    from kezhi.operations.backups.tools import named, tool

    address, environment = named(owner)
    with psycopg.connect(owner) as connection:
        major = connection.info.server_version // 10_000
    subprocess.run(
        [tool("pg_restore", major), "--no-owner", "--exit-on-error", f"--dbname={address}",
         RELEASES / f"{release}.dump"],
        env=environment,
        check=True,
    )  # fmt: skip


def worked(folder: Path, release: str, commit: str) -> dict[str, Any]:
    from kezhi.cli.launch.postgres import EmbeddedPostgres

    folder.chmod(0o755)
    old = folder / "old"
    old.mkdir()
    packed = subprocess.run(
        ["git", "-C", ROOT, "archive", commit, "src"], check=True, capture_output=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", old], input=packed, check=True)
    with EmbeddedPostgres(folder / "data") as addresses:
        bring_back(addresses.owner, release)
        site = os.environ | {
            "DATABASE_URL": addresses.owner,
            "KEZHI_DATA": str(folder),
            "KEZHI_SECRET_KEY": "only-for-tests",  # under which the dump's log was sealed
            "DJANGO_SETTINGS_MODULE": "kezhi.settings",
        }
        new = [sys.executable, "-W", "ignore", "-m", "django", "migrate", "--verbosity=0"]
        subprocess.run([*new, "--no-input"], env=site, check=True)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", WORK],
            env=site | {"PYTHONPATH": str(old / "src")},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        return {"release": release, "fault": done.stderr[-2_000:], "holds": False}
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    faults = [what for what, status in told["said"].items() if status >= 400]
    facts = {name: fact for name, fact in told.items() if name != "said"}
    return {
        "release": release,
        "code": commit,
        "pages_and_forms": len(told["said"]),
        "faults": {what: told["said"][what] for what in faults},
        **facts,
        "holds": not faults and all(facts.values()),
    }


if __name__ == "__main__":
    main()
