"""The company that a command works on: of DATABASE_URL, or in a data folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kezhi.cli.launch.app import close_connections, refuse_pending_migrations, set_up_django
from kezhi.cli.launch.database import reach
from kezhi.cli.launch.folder import DEMO, OWN, DataFolder, default_folder
from kezhi.cli.launch.postgres import APPLICATION, DATABASE, HOST, EmbeddedPostgres


@contextmanager
def company_at_hand(data: Path | None = None) -> Iterator[None]:
    """Django is set up on the company's database, with the fields that the company added to its records.

    Raises CannotStart, in one sentence, if there is none.
    """
    with _reached(data):
        from kezhi.workbench.customizing import definitions

        with definitions.as_of_now():
            yield


def settle(data: Path | None = None) -> None:
    """Settings are those of the company at hand; its database isn't needed. Raises CannotStart without one."""
    if data is not None or not os.environ.get("DATABASE_URL"):
        folder = DataFolder(_folder(data))
        folder.open_existing()
        os.environ["KEZHI_DATA"] = str(folder.path)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezhi.settings")


@contextmanager
def database_at_hand(data: Path | None = None) -> Iterator[None]:
    """The same for work that minds no pending migrations: a backup is made before an upgrade, too."""
    with _reached(data, set_up_django):
        yield


@contextmanager
def _reached(data: Path | None, open_it: Callable[[], None] | None = None) -> Iterator[None]:
    """Django is set up on the company's database.

    The company is that of DATABASE_URL; else the one in `data`, in KEZHI_DATA, or in the folder where
    `serve` or `demo` keep theirs. When Kezhi isn't running there, its database runs for the while.
    """
    open_it = open_it or _open
    if data is None and (url := os.environ.get("DATABASE_URL")):
        reach(url).close()
        open_it()
        yield
        return
    folder = DataFolder(_folder(data))
    folder.open_existing()
    os.environ["KEZHI_DATA"] = str(folder.path)
    if url := _running(folder.path):
        os.environ["DATABASE_URL"] = url
        open_it()
        yield
        return
    folder.hold(folder.kind)
    try:
        with EmbeddedPostgres(folder.path) as addresses:
            os.environ["DATABASE_URL"] = addresses.application
            open_it()
            yield
            close_connections()
    finally:
        folder.release()


def _open() -> None:
    set_up_django()
    refuse_pending_migrations()


def _folder(data: Path | None) -> Path:
    named = data or (Path(os.environ["KEZHI_DATA"]) if os.environ.get("KEZHI_DATA") else None)
    if named:
        return named.expanduser().absolute()
    own, demo = default_folder(OWN), default_folder(DEMO)
    return demo if (demo / "kezhi.json").is_file() and not own.is_dir() else own


def _running(folder: Path) -> str | None:
    """The address of the server that `serve` or `demo` runs on `folder` just now, if one answers."""
    try:
        port = int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[3])
        password = json.loads((folder / "database.json").read_text())[APPLICATION]
    except (OSError, ValueError, IndexError, KeyError):
        return None
    import psycopg

    url = f"postgresql://{APPLICATION}:{password}@{HOST}:{port}/{DATABASE}"
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return None
    return url
