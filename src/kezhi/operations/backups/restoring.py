"""A backup becomes a company again: checked before anything is touched, compared afterwards.

The face calls in this order: `opened` (key and parts), `restore_database`, `restore_files`; then, with Django
on the restored database and its migrations applied, `put_right`.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
import pyrage

from kezhi.operations.backups import keeping, streams, tools
from kezhi.operations.backups import manifest as m
from kezhi.operations.backups.making import Tell, silent
from kezhi.operations.backups.trouble import BackupTrouble, gettext_noop

# What a newer pg_restore says to an older server, and what doesn't matter to the outcome.
PASSED_OVER = ("transaction_timeout",)


@dataclass(frozen=True)
class Opened:
    """A backup that is whole and whose key is at hand."""

    folder: Path
    cover: m.Cover
    manifest: m.Manifest
    key: pyrage.x25519.Identity


def opened(folder: Path, key: pyrage.x25519.Identity) -> Opened:
    """Raises `BackupTrouble` if a part is damaged or the key is another one."""
    cover = keeping.verify(folder)
    return Opened(folder, cover, m.open_manifest(folder, key), key)


def is_empty(url: str) -> bool:
    with tools.reach(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        ).fetchone()
    return row == (0,)


def refuse_newer(backup: Opened, known: set[str]) -> None:
    """A backup of a newer version has migrations that this one doesn't know."""
    if unknown := set(backup.manifest.migrations) - known:
        raise BackupTrouble(
            gettext_noop(
                "The backup was made by a newer Kezhi (%(version)s, %(count)s migrations)."
            ),
            version=backup.cover.kezhi,
            count=len(unknown),
        )


def restore_database(
    backup: Opened,
    url: str,
    work: Path,
    *,
    is_replacing: bool = False,
    jobs: int = 2,
    tell: Tell = silent,
) -> None:
    """Into the database of `url` (its owner's address), compared with the manifest table by table.

    The decrypted dump lies in `work` for the while, for nobody else to read. What fails halfway leaves the
    database empty.
    """
    if not is_empty(url):
        if not is_replacing:
            raise BackupTrouble(
                gettext_noop("The database is not empty. With --replace, what is in it is deleted.")
            )
        _clear(url)
    descriptor, name = tempfile.mkstemp(prefix=".restore-", suffix=".dump", dir=work)
    dump = Path(name)
    try:
        with os.fdopen(descriptor, "wb", buffering=m.BLOCK) as file:
            writer = streams.Hashed(file, lambda size: tell("decrypting", size))
            try:
                streams.decrypt(backup.folder / m.DATABASE, writer, backup.key)
            except pyrage.DecryptError as error:
                raise m.wrong_key(backup.folder) from error
        if writer.sha256 != backup.manifest.dump_sha256:
            raise BackupTrouble(
                gettext_noop("%(folder)s doesn’t hold what its manifest says."),
                folder=backup.folder,
            )
        try:
            tell("database", 0)
            _load(dump, url, jobs)
            tell("tables", 0)
            _compare(backup, url)
        except BaseException:
            _clear(url)
            raise
    finally:
        dump.unlink(missing_ok=True)


def restore_files(backup: Opened, uploads: Path, *, is_replacing: bool = False) -> Path | None:
    """Into `uploads`; what was there goes beside it, under the name that is returned."""
    aside = None
    if uploads.is_dir() and any(uploads.iterdir()):
        if not is_replacing:
            raise BackupTrouble(
                gettext_noop("%(folder)s is not empty. With --replace, it is put aside."),
                folder=uploads,
            )
        aside = uploads.with_name(f"{uploads.name}.before-{backup.folder.name}-{os.getpid()}")
        uploads.rename(aside)
    uploads.mkdir(parents=True, exist_ok=True, mode=0o700)
    if keeping.read_files(backup.folder, uploads, backup.key) != backup.manifest.files:
        raise BackupTrouble(
            gettext_noop("%(folder)s doesn’t hold what its manifest says."), folder=backup.folder
        )
    return aside


def put_right(
    backup: Opened, *, at: datetime, tell: Callable[[str, int], None] = silent
) -> dict[str, int]:
    """What the backup can't know is done again, the log says that it was restored, and the log is sealed.

    Django is set up on the restored, migrated database. How many rows each step changed.
    """
    from django.db import connection, transaction

    from kezhi.audit import sealing
    from kezhi.audit.models import Seal
    from kezhi.audit.recording import record
    from kezhi.core.actor import SYSTEM
    from kezhi.core.restoring import Restored, steps

    about = Restored(backup.cover.at, at, backup.folder.name)
    done = {}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for name, step in steps():
        with transaction.atomic():
            done[name] = step(about)
        tell(name, done[name])
    last = Seal.objects.order_by("-until_tx").values_list("digest", flat=True).first()
    with transaction.atomic():
        record(
            "company.restored",
            actor=SYSTEM,
            backup=about.source,
            taken_at=backup.cover.at.isoformat(),
            head_before=last or "",
            steps=done,
        )
    sealing.seal()
    return done


def _load(dump: Path, url: str, jobs: int) -> None:
    with tools.reach(url) as connection:
        major = connection.info.server_version // 10_000
    address, environment = tools.named(url)
    command = [
        str(tools.tool("pg_restore", major)),
        "--no-owner",
        "--no-privileges",
        f"--jobs={jobs}",
        f"--dbname={address}",
        str(dump),
    ]
    done = subprocess.run(  # noqa: S603
        command,
        env=environment | {"PGOPTIONS": "-c maintenance_work_mem=256MB -c synchronous_commit=off"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    faults = [
        line
        for line in done.stderr.splitlines()
        if "error:" in line and not any(words in line for words in PASSED_OVER)
    ]
    if faults:
        raise BackupTrouble(gettext_noop("pg_restore did not work: %(reason)s"), reason=faults[0])


def _compare(backup: Opened, url: str) -> None:
    with tools.reach(url) as connection:
        found = m.tables_of(connection)
    for table, expected in backup.manifest.tables.items():
        if found.get(table) != expected:
            raise BackupTrouble(
                gettext_noop("%(table)s came back with other rows than it had."), table=table
            )


def _clear(url: str) -> None:
    try:
        with tools.reach(url) as connection, connection.transaction():
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
            connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    except psycopg.Error as error:
        raise tools.refused(error) from error
