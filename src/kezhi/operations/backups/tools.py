"""pg_dump and pg_restore of a release that fits the server."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import psycopg

from kezhi.core.programs import folders, major_of
from kezhi.operations.backups.trouble import BackupTrouble, gettext_noop

OLDEST = 15


@cache
def _known(program: str) -> tuple[tuple[int, Path], ...]:
    found = []
    for folder in folders():
        major = major_of(folder / program)
        if major is not None and (major, folder / program) not in found:
            found.append((major, folder / program))
    return tuple(found)


def tool(program: str, server_major: int) -> Path:
    """That program of the server's own release, else of the next newer one: an older can't read the server."""
    fit = sorted((each for each in _known(program) if each[0] >= server_major), key=lambda e: e[0])
    if not fit:
        raise BackupTrouble(
            gettext_noop(
                "%(program)s %(major)s or newer is needed for this server: "
                "apt install postgresql-client-%(major)s"
            ),
            program=program,
            major=server_major,
        )
    return fit[0][1]


def reach(url: str) -> psycopg.Connection[tuple[object, ...]]:
    try:
        return psycopg.connect(url, connect_timeout=10, autocommit=True)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        raise BackupTrouble(
            gettext_noop("The database can’t be reached: %(reason)s"), reason=reason
        ) from error


def refused(error: psycopg.Error) -> BackupTrouble:
    lines = str(error).strip().splitlines()
    return BackupTrouble(
        gettext_noop("The database refused: %(reason)s"), reason=lines[0] if lines else "?"
    )


def named(url: str) -> tuple[str, dict[str, str]]:
    """The address without its password, which goes in the environment: a command line is for all to see."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    password = query.pop("password", "") or unquote(parts.password or "")
    place = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    bare = urlunsplit((parts.scheme, f"{user}{place}", parts.path, urlencode(query), ""))
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "PGCONNECT_TIMEOUT": "10"}
    return bare, environment | ({"PGPASSWORD": password} if password else {})
