"""Backup, then an erasure, then that backup restored by the command: the person is found nowhere."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import psycopg
import pytest

from kezhi.operations.backups.keys import make_key
from kezhi.operations.backups.making import Source, make_backup
from trading import trading_company

KEZHI = [sys.executable, "-m", "kezhi.cli", "--lang", "en"]
SECRET = "only-for-tests"
PLANTED = """
from pathlib import Path
from cast import PASSWORD
from django.conf import settings
from kezhi.accounts.organising import create_person
from kezhi.customers.creating import create_customer
from planted_person import files_of_others, plant

who = {"login": "owner", "name": "林晓雯", "roles": ["owner"], "password": PASSWORD}
owner = create_person(who, actor=SYSTEM)
customer = create_customer({"name": "安徽茶业有限公司"}, actor=owner, on=TODAY)
plant(customer, owner)
files_of_others(Path(settings.DATA))
"""
ERASED = """
import django
django.setup()
from cast import NOW
from kezhi.accounts.models import User
from kezhi.customers.models import Contact
from kezhi.rights.erasing import erase_person
from planted_person import NAME

erase_person(Contact.objects.get(name=NAME), actor=User.objects.get(login="owner"), at=NOW)
"""
LOOKED = """
import json
import django
django.setup()
from pathlib import Path
from django.conf import settings
from kezhi.customers.models import Contact, Customer
from kezhi.rights.models import Erasure, Suppression
from planted_person import hits

erasure = Erasure.objects.first()
print(json.dumps({
    "hits": hits(Path(settings.DATA)),
    "customers": Customer.objects.count(),
    "pseudonym": erasure.pseudonym if erasure else "",
    "suppressed": Suppression.objects.count(),
    "others": (Path(settings.MEDIA_ROOT) / "imports" / "others.csv").is_file(),
}))
"""


def told(code, environment):
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_who_was_erased_since_the_backup_comes_back_nowhere(django_db_setup, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    with trading_company("forgotten", data, PLANTED) as (_connection, environment):
        url = environment["DATABASE_URL"]
        before = json.loads(told(LOOKED, environment))
        assert len(before["hits"]) >= 20
        public = make_key(tmp_path / "key")
        source = Source(url, data / "uploads", SECRET)
        backup = make_backup(source, tmp_path / "shelf", public, at=datetime.now(UTC))

        told(ERASED, environment)
        erased = json.loads(told(LOOKED, environment))
        assert erased["hits"] == []
        assert erased["suppressed"] > 0

        done = subprocess.run(
            [*KEZHI, "restore", backup, "--key", tmp_path / "key", "--replace"],
            env=environment, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(told(LOOKED, environment)) == erased
        assert erased["customers"] == before["customers"]
        with psycopg.connect(url) as connection:
            redone = connection.execute(
                "SELECT count(*) FROM rights_erasure WHERE reapplied_at IS NOT NULL"
            )
            assert redone.fetchone()[0] == 1
        checked = subprocess.run(
            [*KEZHI, "audit", "verify"], env=environment, capture_output=True, text=True
        )
        assert "Sound" in checked.stdout, checked.stdout + checked.stderr


@pytest.mark.slow
def test_on_a_new_machine_the_list_of_erasures_is_what_has_to_come_along(django_db_setup, tmp_path):
    """Without erasures.jsonl the person is back: the guide says to copy it, and this is why."""
    data = tmp_path / "data"
    data.mkdir()
    with trading_company("moved", data, PLANTED) as (_connection, environment):
        public = make_key(tmp_path / "key")
        source = Source(environment["DATABASE_URL"], data / "uploads", SECRET)
        backup = make_backup(source, tmp_path / "shelf", public, at=datetime.now(UTC))
        told(ERASED, environment)
        for name, is_copied in (("new", True), ("forgetful", False)):
            place = tmp_path / name
            place.mkdir()
            if is_copied:
                written = (data / "erasures.jsonl").read_bytes()
                (place / "erasures.jsonl").write_bytes(written)
            there = environment | {"KEZHI_DATA": str(place)}
            done = subprocess.run(
                [*KEZHI, "restore", backup, "--key", tmp_path / "key", "--replace"],
                env=there, capture_output=True, text=True,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            assert (json.loads(told(LOOKED, there))["hits"] == []) == is_copied, name
