"""A database server that somebody else runs: reached, found new enough, brought up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

import psycopg

from kezhi.cli.launch.binaries import OLDEST
from kezhi.cli.launch.folder import DEMO, OWN
from kezhi.cli.launch.language import gettext as _
from kezhi.cli.launch.trouble import CannotStart

MIGRATING = 0x6B65_7A68_69  # "kezhi": the advisory lock of whoever migrates


def reach(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection, in autocommit, to a server that is new enough. Raises CannotStart."""
    parts = urlsplit(url)
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        raise CannotStart(
            _("The database %(name)s on %(host)s can't be reached as %(user)s: %(reason)s")
            % {
                "name": unquote(parts.path.lstrip("/")),
                "host": parts.hostname or "localhost",
                "user": unquote(parts.username or ""),
                "reason": reason,
            }
        ) from error
    except psycopg.ProgrammingError as error:
        raise CannotStart(
            _("DATABASE_URL is not of the form postgresql://user:password@host:port/name.")
        ) from error
    major = connection.info.server_version // 10_000
    if major < OLDEST:
        connection.close()
        raise CannotStart(
            _(
                "The database server on %(host)s is PostgreSQL %(major)s; Kezhi needs "
                "%(oldest)s or newer: upgrade the server."
            )
            % {"host": parts.hostname or "localhost", "major": major, "oldest": OLDEST}
        )
    return connection


@contextmanager
def alone(url: str) -> Iterator[None]:
    """Nobody else migrates this database meanwhile; whoever comes second waits."""
    with reach(url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
        yield


def role_of(url: str) -> str:
    return unquote(urlsplit(url).username or "")


def company_kind(url: str) -> str | None:
    """DEMO or OWN; None before the guided first run."""
    with reach(url) as connection:
        if connection.execute("SELECT to_regclass('accounts_company')").fetchone() == (None,):
            return None
        found = connection.execute("SELECT is_demo FROM accounts_company").fetchone()
    if found is None:
        return None
    return DEMO if found == (True,) else OWN
