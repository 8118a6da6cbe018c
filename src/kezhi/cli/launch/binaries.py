"""Where the PostgreSQL programs are, and which version they are."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from signal import SIGKILL

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.launch.tether import tethered
from kezhi.cli.launch.trouble import CannotStart
from kezhi.core.programs import folders, major_of

OLDEST = 15
SHARED_PROGRAMS = Path("/var/cache/kezhi")


@dataclass(frozen=True)
class Binaries:
    """The programs of one PostgreSQL release: `bin` holds `postgres`, `initdb`, `pg_upgrade`."""

    bin: Path
    major: int

    def __getitem__(self, program: str) -> Path:
        return self.bin / program


def find_binaries(major: int | None = None) -> Binaries:
    """The server to run: the packaged one, else the newest installed. With `major`: that one."""
    for binaries in _installed():
        if major in (None, binaries.major):
            return binaries
    if major is not None:
        raise CannotStart(
            _("PostgreSQL %(major)s is not installed: apt install postgresql-%(major)s")
            % {"major": major}
        )
    raise CannotStart(
        _(
            "No PostgreSQL %(oldest)s or newer was found: apt install postgresql, or name a server "
            "in DATABASE_URL."
        )
        % {"oldest": OLDEST}
    )


@cache
def _installed() -> tuple[Binaries, ...]:
    found = []
    for folder in folders():
        major = major_of(folder / "postgres")
        if major is not None and major >= OLDEST:
            found.append(Binaries(folder, major))
    return tuple(found)


def runnable_by(user: tuple[int, int], binaries: Binaries) -> Binaries:
    """The same programs where `user` may run them: in place if possible, else in a copy made once.

    An environment below a closed home folder can't be entered by the user that runs the server.
    """
    if _may_run(user, binaries):
        return binaries
    copy = _copy_of(binaries, SHARED_PROGRAMS)
    if not _may_run(user, copy):
        raise CannotStart(
            _("The user %(uid)s may not run PostgreSQL in %(folder)s.")
            % {"uid": user[0], "folder": copy.bin}
        )
    return copy


def _may_run(user: tuple[int, int], binaries: Binaries) -> bool:
    command = tethered([binaries["postgres"], "--version"], farewell=SIGKILL, user=user)
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0


def _copy_of(binaries: Binaries, shelf: Path) -> Binaries:
    source = binaries.bin.parent
    package = source.parent
    libraries = package.with_name(f"{package.name}.libs")
    server = binaries["postgres"].stat()
    stamp = f"{source}:{server.st_mtime_ns}:{server.st_size}"
    digest = hashlib.sha256(stamp.encode()).hexdigest()
    target = shelf / f"postgresql-{binaries.major}-{digest[:12]}"
    # The same names side by side as in the wheel: libraries are found by relative path.
    copy = Binaries(target / package.name / source.name / "bin", binaries.major)
    if target.is_dir():
        return copy
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        shelf.chmod(0o755)
        making = Path(tempfile.mkdtemp(prefix=".making-", dir=shelf))
        shutil.copytree(source, making / package.name / source.name, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, making / libraries.name, symlinks=True)
        for path in (making, *making.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
        try:
            making.rename(target)
        except OSError:
            shutil.rmtree(making)  # another start was quicker
            if not target.is_dir():
                raise
    except OSError as error:
        raise CannotStart(
            _("PostgreSQL could not be copied to %(folder)s: %(reason)s")
            % {"folder": shelf, "reason": error.strerror}
        ) from error
    return copy
