"""What the doctor looks at, and that it finds what is wrong."""

import json
import os
import subprocess
import sys
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import translation

from cast import NOW
from kezhi.core.actor import SYSTEM
from kezhi.operations import checking
from kezhi.operations.checking import Health
from kezhi.workbench.models import Attachment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path):
    settings.DATA, settings.MEDIA_ROOT = tmp_path, tmp_path / "uploads"
    settings.BACKUPS, settings.BACKUP_KEY = tmp_path / "backups", ""
    settings.SECRET_KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF"
    with translation.override("en"):
        yield


def finding(name, at=NOW):
    (found,) = checking.look(at=at, only=[name])
    return found


def test_each_check_has_a_title_and_says_what_to_do_where_something_is_wrong(company):
    findings = checking.look(at=NOW)
    assert [each.check for each in findings] == checking.names()
    for each in findings:
        assert each.title, each.check
        assert each.says, each.check
        assert bool(each.remedy) == (each.health != Health.GOOD), each.check
        assert "couldn’t be looked at" not in each.says, each


def test_a_role_that_may_do_anything_is_found():
    # The tests' own connection is the superuser's.
    assert finding("roles").health == Health.BAD
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE kezhi_app")
        assert finding("roles").health == Health.GOOD
        cursor.execute("RESET ROLE")
        cursor.execute("GRANT UPDATE ON audit_entry TO kezhi_app")
        cursor.execute("SET LOCAL ROLE kezhi_app")
        assert "rewrite the audit log" in finding("roles").says
        cursor.execute("RESET ROLE")


def test_settings_that_lose_what_was_saved_are_found():
    # The tests' server trades safety for speed.
    found = finding("settings")
    assert found.health == Health.BAD
    assert "fsync" in found.says


def test_a_worker_that_is_gone_and_work_that_waits_are_found(company):
    assert "No worker" in finding("queue").says
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    assert finding("queue").health == Health.GOOD
    from kezhi.core import queue

    queue.start("insight.run", "x", actor=SYSTEM, run=1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_events SET at = now() - interval '20 minutes'")
    found = finding("queue")
    assert (found.health, "20 minutes" in found.says) == (Health.WARNING, True)


def test_a_row_without_its_file_and_a_file_without_its_row_are_found(settings, tmp_path):
    assert finding("files").health == Health.GOOD
    name = uuid.uuid4()
    row = Attachment.objects.create(
        kind="customer",
        object_id=1,
        stored_as=name,
        name="合同.pdf",
        media_type="x",
        size=1,
        sha256="",
    )
    found = finding("files")
    assert found.health == Health.BAD
    assert found.details["missing"] == [str(name)]
    folder = tmp_path / "uploads/attachments" / name.hex[:2]
    folder.mkdir(parents=True)
    (folder / name.hex).write_bytes(b"x")
    assert finding("files").health == Health.GOOD
    row.delete()
    old = (NOW - timedelta(days=3)).timestamp()
    os.utime(folder / name.hex, (old, old))
    assert finding("files").health == Health.WARNING


def test_a_full_disk_is_found(monkeypatch):
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage(100, 97, 3))
    assert finding("disk").health == Health.BAD
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage(100, 90, 10))
    assert finding("disk").health == Health.WARNING


def test_a_weak_key_is_found(settings):
    settings.SECRET_KEY = "only-for-tests"
    assert finding("secrets").health == Health.BAD


def test_no_backup_is_found_and_a_check_that_fails_is_a_finding(monkeypatch, settings):
    assert "no backup" in finding("backups").says
    monkeypatch.setattr("kezhi.operations.checks_work.keeping.alarm", lambda *a, **k: 1 / 0)
    found = finding("backups")
    assert (found.health, "division" in found.says) == (Health.BAD, True)


def test_a_certificate_that_cannot_be_had_is_found(settings):
    assert finding("certificate").health == Health.GOOD
    settings.ORIGIN = "https://127.0.0.1:9"
    assert finding("certificate").health == Health.BAD


def test_the_command_tells_programs_and_people(template, clone, worker_id, tmp_path):
    base, _slash, _name = os.environ["KEZHI_TEST_APPLICATION_URL"].rpartition("/")
    environment = {
        **os.environ,
        "DATABASE_URL": f"{base}/{clone(f'kezhi_doctor_{worker_id}')}",
        "KEZHI_DATA": str(tmp_path),
        "KEZHI_SECRET_KEY": "only-for-tests",
        "DJANGO_SETTINGS_MODULE": "kezhi.settings",
        "KEZHI_LANG": "zh",
    }
    command = [sys.executable, "-m", "kezhi.cli", "doctor"]
    done = subprocess.run([*command, "--json"], env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    by_name = {each["check"]: each for each in said["findings"]}
    assert by_name["migrations"]["health"] == by_name["roles"]["health"] == "good"
    assert by_name["backups"]["health"] == said["health"] == "bad"
    alone = subprocess.run(
        [*command, "--only", "roles"], env=environment, capture_output=True, text=True
    )
    assert (alone.returncode, alone.stdout[0]) == (0, "✓")
