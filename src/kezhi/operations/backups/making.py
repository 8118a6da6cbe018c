"""A backup: the database in one snapshot and the uploaded files, encrypted on their way to the disk."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import psycopg
import pyrage

from kezhi.operations.backups import manifest as m
from kezhi.operations.backups import streams, tools
from kezhi.operations.backups.keys import public_key
from kezhi.operations.backups.trouble import BackupTrouble, gettext_noop

Tell = Callable[[str, int], None]
LONGEST_LOCK_WAIT = "60s"


@dataclass(frozen=True)
class Source:
    """What is backed up: the database, by a role that may read all of it; the uploads; the secret key."""

    database: str
    uploads: Path
    secret_key: str


def silent(_what: str, _size: int) -> None:
    """Progress for nobody."""


def make_backup(
    source: Source, shelf: Path, key: str, *, at: datetime, tell: Tell = silent
) -> Path:
    """A new backup on the shelf, whole or not at all. Raises `BackupTrouble`."""
    began, recipient = time.monotonic(), public_key(key)
    _make_room(shelf)
    making = shelf / f".making-{m.PREFIX}{at.strftime(m.STAMP)}"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    try:
        with _snapshot(source.database) as (connection, snapshot):
            root, names, links = _files(source.uploads, making)
            dump = _dump(
                source.database, connection, snapshot, making / m.DATABASE, recipient, tell
            )
            tell("tables", 0)
            tables = m.tables_of(connection)
            migrations = m.migrations_of(connection)
            company = _company(connection)
            server = str(connection.info.server_version)
        files = _pack(root, names, making / m.FILES, recipient, tell)
        if links:
            shutil.rmtree(links)
        content = m.Manifest(tables, files, migrations, dump, source.secret_key, company)
        m.close_manifest(making, content, recipient)
        parts = {
            name: [(making / name).stat().st_size, m.digest_of(making / name)]
            for name in (m.MANIFEST, m.DATABASE, m.FILES)
        }
        version = importlib.metadata.version("kezhi")
        seconds = round(time.monotonic() - began, 1)
        m.write_cover(
            making, m.Cover(at.strftime(m.STAMP), version, server, str(recipient), parts, seconds)
        )
        _settle(making)
        return making.rename(_free(shelf, at))
    except psycopg.Error as error:
        raise tools.refused(error) from error
    except OSError as error:
        raise BackupTrouble(
            gettext_noop("The backup couldn’t be written to %(folder)s: %(reason)s."),
            folder=shelf,
            reason=error.strerror or str(error),
        ) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _make_room(shelf: Path) -> None:
    try:
        shelf.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BackupTrouble(
            gettext_noop("The backup couldn’t be written to %(folder)s: %(reason)s."),
            folder=shelf,
            reason=error.strerror or str(error),
        ) from error


def _free(shelf: Path, at: datetime) -> Path:
    place = shelf / f"{m.PREFIX}{at.strftime(m.STAMP)}"
    if place.exists():
        raise BackupTrouble(gettext_noop("%(folder)s is there already."), folder=place)
    return place


@contextmanager
def _snapshot(url: str) -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """A transaction whose view of the database others may take over by its name."""
    with tools.reach(url) as connection:
        for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(f"SET {setting} = 0")
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row
        yield connection, str(row[0])
        connection.execute("ROLLBACK")


def _company(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("SELECT name FROM accounts_company ORDER BY id LIMIT 1").fetchone()
    return str(row[0]) if row else ""


def _files(uploads: Path, making: Path) -> tuple[Path, list[str], Path | None]:
    """The files as they are now: by a second name if possible, so that what is deleted meanwhile stays."""
    names = [
        os.path.relpath(os.path.join(folder, name), uploads)
        for folder, _inside, files in os.walk(uploads)
        for name in sorted(files)
    ]
    links = making / "links"
    try:
        links.mkdir()
        for name in names:
            (links / name).parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(uploads / name, links / name)
            except FileNotFoundError:
                continue  # it went a moment ago
    except OSError:  # another disk, or one without second names
        shutil.rmtree(links, ignore_errors=True)
        return uploads, names, None
    return links, names, links


def _dump(
    url: str,
    connection: psycopg.Connection[Any],
    snapshot: str,
    path: Path,
    key: pyrage.x25519.Recipient,
    tell: Tell,
) -> str:
    program = tools.tool("pg_dump", connection.info.server_version // 10_000)
    address, environment = tools.named(url)
    command = [
        str(program),
        "--format=custom",
        "--compress=gzip:1",
        "--no-owner",
        "--no-privileges",
        f"--lock-wait-timeout={LONGEST_LOCK_WAIT}",
        f"--snapshot={snapshot}",
        f"--dbname={address}",
    ]
    child = subprocess.Popen(  # noqa: S603
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout
    assert child.stderr
    reader = streams.Hashed(child.stdout, lambda size: tell("database", size))
    try:
        streams.encrypt(reader, path, key)
        said = child.stderr.read().decode(errors="replace").strip()
        if child.wait() != 0:
            raise BackupTrouble(
                gettext_noop("pg_dump did not work: %(reason)s"),
                reason=said.splitlines()[-1] if said else str(child.returncode),
            )
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        child.stdout.close()
        child.stderr.close()
    return reader.sha256


def _pack(
    root: Path, names: list[str], path: Path, key: pyrage.x25519.Recipient, tell: Tell
) -> dict[str, list[str]]:
    def work(end: IO[bytes]) -> dict[str, list[str]]:
        return streams.pack(root, names, end)

    packing = streams.Piped(work, writes=True)
    reader = streams.Hashed(packing.end, lambda size: tell("files", size))
    streams.encrypt(reader, path, key)
    kept: dict[str, list[str]] = packing.done()
    return kept


def _settle(folder: Path) -> None:
    """On the disk before it gets its name: after a power cut a backup is whole or not there."""
    for path in (*folder.iterdir(), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
