"""The restore drill: what was backed up comes back to the last row and byte, and nothing else does."""

import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from kezhi.operations.backups import keeping, restoring
from kezhi.operations.backups import manifest as m
from kezhi.operations.backups.keys import make_key, read_key
from kezhi.operations.backups.making import Source, make_backup
from kezhi.operations.backups.trouble import BackupTrouble
from trading import trading_company

AT = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
KEZHI = [sys.executable, "-m", "kezhi.cli", "--lang", "en"]
BEFORE = """
from datetime import timedelta
from kezhi.accounts.models import Session
from kezhi.core import queue
from kezhi.core.actor import SYSTEM
from kezhi.audit import sealing
from kezhi.audit.recording import record
from django.utils import timezone
Session.objects.create(session_key="k" * 32, session_data="", expire_date=timezone.now() + timedelta(days=1))
queue.start("insight.run", "Under way", actor=SYSTEM, run=1)
record("customer.exported", actor=SYSTEM, rows=60)
sealing.seal()
"""


class Made:
    """A company with files, its backup, and the key."""

    def __init__(self, folder, url, environment, connection):
        self.folder, self.url, self.environment = folder, url, environment
        self.connection = connection
        self.uploads, self.shelf = folder / "uploads", folder / "shelf"
        rng = random.Random(7)
        for number in range(40):
            place = self.uploads / "attachments" / f"{number:02x}" / f"合同 {number}.bin"
            place.parent.mkdir(parents=True)
            place.write_bytes(rng.randbytes(rng.choice([0, 700, 300_000])))
        self.key_file = folder / "key.txt"
        self.public = make_key(self.key_file)
        self.key = read_key(self.key_file)
        source = Source(url, self.uploads, "only-for-tests")
        self.backup = make_backup(source, self.shelf, self.public, at=AT)


@pytest.fixture(scope="module")
def made(django_db_setup, tmp_path_factory):
    folder = tmp_path_factory.mktemp("backups")
    with trading_company("backed_up", folder, BEFORE) as (connection, environment):
        # The role of the pages is enough to make a backup.
        base = os.environ["KEZHI_TEST_APPLICATION_URL"].rpartition("/")[0]
        name = environment["DATABASE_URL"].rpartition("/")[2]
        with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as admin:
            admin.execute(f'GRANT CONNECT ON DATABASE "{name}" TO kezhi_app')
        yield Made(folder, f"{base}/{name}", environment, connection)


@pytest.fixture
def empty():
    """An empty database; its address."""
    admin = os.environ["KEZHI_TEST_ADMIN_URL"]
    name = f"kezhi_restored_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield f"{admin.rpartition('/')[0]}/{name}"
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def one(url, question):
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchone()[0]


def test_a_backup_restored_by_the_command_is_the_company_again(made, empty, tmp_path):
    environment = {
        name: given
        for name, given in made.environment.items()
        if name not in ("KEZHI_SECRET_KEY", "KEZHI_DATA")
    } | {"DATABASE_URL": empty, "DATABASE_MIGRATE_URL": empty, "KEZHI_DATA": str(tmp_path / "new")}
    done = subprocess.run(
        [*KEZHI, "restore", made.backup, "--key", made.key_file],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with psycopg.connect(empty) as connection:
        found = m.tables_of(connection)
    expected = m.open_manifest(made.backup, made.key).tables
    apart = {"accounts_session", "audit_entry", "audit_seal", "core_jobrun", "procrastinate_jobs",
             "procrastinate_events", "django_migrations"}  # fmt: skip
    assert {n: d for n, d in found.items() if n not in apart} == {
        n: d for n, d in expected.items() if n not in apart
    }
    assert expected["customers_customer"][0] == "60"
    for path in made.uploads.rglob("*.bin"):
        assert (tmp_path / "new/uploads" / path.relative_to(made.uploads)).read_bytes() == (
            path.read_bytes()
        )
    assert (tmp_path / "new/secret.key").read_text() == "only-for-tests"
    # Whoever was signed in then isn't now, and nothing that was queued then is done again.
    assert one(empty, "SELECT count(*) FROM accounts_session") == 0
    assert one(empty, "SELECT count(*) FROM procrastinate_jobs") == 0
    assert one(empty, "SELECT state FROM core_jobrun") == "failed"
    assert one(empty, "SELECT count(*) FROM audit_entry WHERE deed = 'company.restored'") == 1
    # The chain goes on from the one that was restored.
    checked = subprocess.run(
        [*KEZHI, "audit", "verify"], env=environment | {"KEZHI_SECRET_KEY": "only-for-tests"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert "Sound" in checked.stdout, checked.stderr
    assert one(empty, "SELECT count(*) FROM audit_seal") == 2


def test_another_key_opens_nothing_and_touches_nothing(made, empty, tmp_path):
    make_key(tmp_path / "other")
    with pytest.raises(BackupTrouble, match="doesn’t open"):
        restoring.opened(made.backup, read_key(tmp_path / "other"))
    assert restoring.is_empty(empty)


def test_a_database_in_use_is_not_restored_over(made):
    backup = restoring.opened(made.backup, made.key)
    with pytest.raises(BackupTrouble, match="--replace"):
        restoring.restore_database(backup, made.environment["DATABASE_URL"], made.folder)
    assert one(made.url, "SELECT count(*) FROM customers_customer") == 60


def test_a_restore_that_gives_other_rows_leaves_nothing(made, empty, tmp_path):
    backup = restoring.opened(made.backup, made.key)
    backup.manifest.tables["customers_customer"][1] = "1"
    with pytest.raises(BackupTrouble, match="customers_customer"):
        restoring.restore_database(backup, empty, tmp_path)
    assert restoring.is_empty(empty)
    assert not list(tmp_path.iterdir())


def test_nothing_of_the_company_can_be_read_without_the_key(made):
    for path in made.backup.iterdir():
        content = path.read_bytes()
        for word in ("客户1", "only-for-tests", "customers_customer", "合同"):
            assert word.encode() not in content, path.name
    assert keeping.verify(made.backup, made.key).public_key == made.public


@pytest.mark.parametrize("part", [m.DATABASE, m.FILES, m.MANIFEST])
def test_one_changed_byte_is_found(made, tmp_path, part):
    copy = keeping.copy_elsewhere(made.backup, tmp_path)
    with (copy / part).open("r+b") as file:
        file.seek(-40, 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(BackupTrouble, match="damaged"):
        keeping.verify(copy)
    # A newest backup that is damaged raises the alarm, as does an old one or none.
    keeping.check_newest(tmp_path, at=AT)
    assert "damaged" in str(keeping.alarm(tmp_path, at=AT))
    assert "27 hours" in str(keeping.alarm(made.shelf, at=AT + timedelta(hours=27)))
    assert keeping.alarm(made.shelf, at=AT + timedelta(hours=25)) is None
    assert "no backup" in str(keeping.alarm(tmp_path / "none", at=AT))


def test_a_backup_that_fails_leaves_nothing(made, tmp_path):
    gone = Source(made.url + "_gone", made.uploads, "x")
    with pytest.raises(BackupTrouble, match="can’t be reached"):
        make_backup(gone, tmp_path, made.public, at=AT)
    assert not list(tmp_path.iterdir())


def test_seven_days_four_weeks_and_three_months_are_kept():
    taken = [
        datetime(2026, 11, 22, 2, 30, tzinfo=UTC) - timedelta(hours=12 * n) for n in range(400)
    ]
    kept = sorted(keeping.kept(taken), reverse=True)
    days = [f"{at:%m-%d}" for at in kept]
    assert days[:7] == ["11-22", "11-21", "11-20", "11-19", "11-18", "11-17", "11-16"]
    assert days[7:] == ["11-15", "11-08", "11-01", "10-31", "09-30"] or len(days[7:]) <= 5
    assert len({at.strftime("%G-%V") for at in kept}) >= 4
    assert len({at.strftime("%Y-%m") for at in kept}) == 3
    assert keeping.kept([]) == set()


def test_old_backups_go_and_what_is_no_backup_stays(made, tmp_path):
    for days in range(12):
        place = tmp_path / f"kezhi-{(AT - timedelta(days=days)).strftime(m.STAMP)}"
        place.mkdir()
        cover = json.loads((made.backup / m.COVER).read_text())
        cover["taken_at"] = (AT - timedelta(days=days)).strftime(m.STAMP)
        (place / m.COVER).write_text(json.dumps(cover))
    (tmp_path / "kezhi-notes").mkdir()
    gone = keeping.tidy(tmp_path)
    assert len(gone) == 4
    assert (tmp_path / "kezhi-notes").is_dir()
    assert len(keeping.backups(tmp_path)) == 8


def test_a_closed_key_opens_with_its_passphrase_only(tmp_path):
    public = make_key(tmp_path / "key", "红茶与绿茶")
    assert b"AGE-SECRET" not in (tmp_path / "key").read_bytes()
    assert str(read_key(tmp_path / "key", "红茶与绿茶").to_public()) == public
    with pytest.raises(BackupTrouble, match="never written over"):
        make_key(tmp_path / "key")
    assert Path(tmp_path / "key").stat().st_mode & 0o077 == 0
