"""The million company on an embedded PostgreSQL, with two web workers in front of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from million import filling


@dataclass(frozen=True)
class Site:
    port: int
    web: int  # process ids
    postgres: int
    filled: dict[str, float]


@contextmanager
def site(folder: Path, customers: int, workers: int = 2) -> Iterator[Site]:
    """Filled at the first time; a folder that is kept is used again."""
    from kezhi.cli.launch.postgres import EmbeddedPostgres

    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder)
    addresses = server.start()
    try:
        os.environ.update(
            DATABASE_URL=addresses.owner,
            KEZHI_DATA=str(folder / "data"),
            KEZHI_SECRET_KEY="bench",
            DJANGO_SETTINGS_MODULE="kezhi.settings",
        )
        filled = _prepare(folder, customers)
        port = _free_port()
        web = _serve(addresses.application, port)
        try:
            yield Site(port, web.pid, server.pid or 0, filled)
        finally:
            web.terminate()
            web.wait(20)
    finally:
        server.stop()


@contextmanager
def migrated(kept: Path | None) -> Iterator[None]:
    """Django on a migrated database with the product's own settings, in the folder to keep or one that goes."""
    from kezhi.cli.launch.postgres import EmbeddedPostgres

    with tempfile.TemporaryDirectory(prefix="kezhi-bench-") as name:
        folder = kept or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        with EmbeddedPostgres(folder) as addresses:
            os.environ |= {
                "DATABASE_URL": addresses.superuser,
                "DJANGO_SETTINGS_MODULE": "kezhi.settings.testing",
            }
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", verbosity=0)
            yield


def _prepare(folder: Path, customers: int) -> dict[str, float]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from kezhi.core.database import grant_application_role

    call_command("migrate", verbosity=0)
    grant_application_role("kezhi_app")
    call_command("collectstatic", verbosity=0, interactive=False)
    mark = folder / f"filled-{customers}"
    seconds: dict[str, float] = {}
    if not mark.exists():
        filling.staff()
        seconds = filling.fill(customers)
        mark.touch()
    connection.close()
    getattr(connection, "close_pool", lambda: None)()
    return seconds


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _serve(database: str, port: int) -> subprocess.Popen[bytes]:
    import urllib.request

    web = subprocess.Popen(
        [sys.executable, "-m", "kezhi.cli", "web", "--port", str(port), "--workers", "2"],
        env=os.environ | {"DATABASE_URL": database},
    )
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return web
    web.terminate()
    raise SystemExit("the web process doesn't answer")


def sizes() -> dict[str, Any]:
    """The largest tables and indexes, in MB."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relkind, pg_relation_size(oid) / 1048576 FROM pg_class"
            " WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace"
            " ORDER BY 3 DESC LIMIT 24"
        )
        return {f"{'index' if kind == 'i' else 'table'} {name}": mb for name, kind, mb in cursor}
