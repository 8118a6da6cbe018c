"""A file brought in as the command and the browser do it, on an embedded PostgreSQL, with its stages timed."""

from __future__ import annotations

import itertools
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psutil

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@contextmanager
def database(folder: Path) -> Iterator[int]:
    """An empty, migrated database with the product's own settings, Django on it; the server's process id."""
    from kezhi.cli.launch.postgres import EmbeddedPostgres

    folder.chmod(0o755)
    server = EmbeddedPostgres(folder)
    addresses = server.start()
    try:
        connect(addresses.owner, folder / "data")
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield server.pid or 0
    finally:
        server.stop()


def connect(address: str, data: Path) -> None:
    """Django, here and in processes that are started from here, works on this database."""
    os.environ.update(
        DATABASE_URL=address,
        KEZHI_DATA=str(data),
        KEZHI_SECRET_KEY="bench",
        DJANGO_SETTINGS_MODULE="kezhi.settings",
    )
    import django

    django.setup()


def taken_in(kind: str, path: Path) -> Any:
    """The file uploaded and understood; nothing is imported yet."""
    from kezhi.core.actor import SYSTEM
    from kezhi.dataio.uploading import upload

    with path.open("rb") as file:
        blocks = iter(lambda: file.read(1 << 20), b"")
        return upload(kind, path.name, blocks, actor=SYSTEM, on=TODAY)


def import_once(kind: str, path: Path) -> tuple[float, dict[str, float], Any]:
    """Upload and import: seconds, seconds by stage, the batch."""
    from kezhi.core.actor import SYSTEM
    from kezhi.dataio.importing import import_rows

    marks: list[tuple[float, str]] = []

    def progress(done: int, total: int, message: str = "") -> None:
        if not marks or marks[-1][1] != str(message):
            marks.append((time.monotonic(), str(message)))

    began = time.monotonic()
    batch = taken_in(kind, path)
    import_rows(batch, actor=SYSTEM, on=TODAY, at=NOW, progress=progress)
    ended = time.monotonic()
    marks.append((ended, "end"))
    stages = {"upload": round(marks[0][0] - began, 1)}
    for (start, message), (end, _next) in itertools.pairwise(marks):
        stages[message] = round(end - start, 1)
    return ended - began, stages, batch


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_seconds(server: int) -> dict[str, float]:
    """Processor time so far; on a busy machine it tells more than the clock."""
    own = psutil.Process().cpu_times()
    postmaster = psutil.Process(server)
    theirs = [child.cpu_times() for child in postmaster.children()]
    ended = postmaster.cpu_times()  # workers of parallel statements among them
    return {
        "process": own.user + own.system,
        "postgres": sum(times.user + times.system for times in theirs)
        + ended.children_user
        + ended.children_system,
    }
