"""What a backup consists of and what it must give again when it is restored.

    kezhi-20261122T023000Z/
      backup.json     in clear: format, versions, when, sizes and digests of the files beside it
      manifest.age    rows and digest of each table, size and digest of each file, migrations, the secret key
      database.age    pg_dump's custom format
      files.age       a tar of the uploaded files

Digests of tables are sums over the rows, so that their order doesn't matter.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyrage
from psycopg import sql

from kezhi.operations.backups.trouble import BackupTrouble, gettext_noop

FORMAT = 1
COVER, MANIFEST, DATABASE, FILES = "backup.json", "manifest.age", "database.age", "files.age"
PREFIX = "kezhi-"
STAMP = "%Y%m%dT%H%M%SZ"
BLOCK = 1 << 20
# How rows are written as text depends on these; the same at backup and restore.
AS_TEXT = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}


@dataclass(frozen=True)
class Manifest:
    """What only the key shows."""

    tables: dict[str, list[str]]  # rows and digest
    files: dict[str, list[str]]  # size and SHA-256
    migrations: list[str]
    dump_sha256: str
    secret_key: str
    company: str = ""


@dataclass(frozen=True)
class Cover:
    """What anybody may know of a backup who sees its folder."""

    taken_at: str
    kezhi: str
    server: str
    public_key: str
    parts: dict[str, list[Any]] = field(default_factory=dict)  # size and SHA-256
    seconds: float = 0.0
    format: int = FORMAT

    @property
    def at(self) -> datetime:
        return datetime.strptime(self.taken_at, STAMP).replace(tzinfo=UTC)

    @property
    def size(self) -> int:
        return sum(int(size) for size, _digest in self.parts.values())


def read_cover(folder: Path) -> Cover:
    try:
        said = json.loads((folder / COVER).read_text())
        if int(said["format"]) > FORMAT:
            raise BackupTrouble(
                gettext_noop("%(folder)s was made by a newer Kezhi: update this one."),
                folder=folder,
            )
        cover = Cover(**said)
        assert cover.at
        assert all(len(part) == 2 for part in cover.parts.values())
    except (OSError, ValueError, TypeError, KeyError, AssertionError, AttributeError) as error:
        raise BackupTrouble(
            gettext_noop("%(folder)s is no backup of Kezhi."), folder=folder
        ) from error
    return cover


def write_cover(folder: Path, cover: Cover) -> None:
    (folder / COVER).write_text(json.dumps(asdict(cover), indent=1) + "\n")


def close_manifest(folder: Path, manifest: Manifest, key: pyrage.x25519.Recipient) -> None:
    (folder / MANIFEST).write_bytes(
        pyrage.encrypt(json.dumps(asdict(manifest), ensure_ascii=False).encode(), [key])
    )


def open_manifest(folder: Path, key: pyrage.x25519.Identity) -> Manifest:
    out = io.BytesIO()
    try:
        with (folder / MANIFEST).open("rb") as file:
            pyrage.decrypt_io(file, out, [key])
        return Manifest(**json.loads(out.getvalue()))
    except (pyrage.DecryptError, OSError, ValueError, TypeError) as error:
        raise wrong_key(folder) from error


def wrong_key(folder: Path) -> BackupTrouble:
    return BackupTrouble(
        gettext_noop(
            "This key doesn’t open %(folder)s: it is another one, or the backup is damaged."
        ),
        folder=folder,
    )


def digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def tables_of(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """Rows and digest of each table, in the snapshot of the connection's transaction."""
    for name, setting in AS_TEXT.items():
        connection.execute("SELECT set_config(%s, %s, false)", [name, setting])
    names = connection.execute(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
        " AND c.relkind = 'r' ORDER BY 1"
    ).fetchall()
    found = {}
    for (name,) in names:
        asked = sql.SQL(
            "SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint), 0)"
            " FROM {} t"
        ).format(sql.Identifier("public", name))
        row = connection.execute(asked).fetchone()
        assert row
        found[name] = [str(row[0]), str(row[1])]
    return found


def migrations_of(connection: psycopg.Connection[Any]) -> list[str]:
    rows = connection.execute("SELECT app || '.' || name FROM django_migrations ORDER BY id")
    return [name for (name,) in rows.fetchall()]
