"""The data folder: everything that one Kezhi keeps, in one place that can be copied and moved.

kezhi.json     what this folder is: format, demo or own company
secret.key     signs sessions
database.json  passwords of the embedded database;  postgres/ its files
static/  uploads/  log/  prepared  processes.json
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import signal
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

from kezhi.cli.launch.language import gettext as _
from kezhi.cli.launch.trouble import CannotStart

FORMAT = 1
DEMO, OWN = "demo", "own"
PASSED_OVER = {"__pycache__", "node_modules"}
MADE = {"vendor", "build", "LC_MESSAGES"}


def default_folder(kind: str) -> Path:
    """Below XDG_DATA_HOME; for root where services keep their data."""
    home = os.environ.get("XDG_DATA_HOME")
    if home:
        shelf = Path(home)
    elif os.geteuid() == 0 and sys.platform.startswith("linux"):
        shelf = Path("/var/lib")
    else:
        shelf = Path.home() / ".local" / "share"
    return shelf / "kezhi" / ("demo" if kind == DEMO else "company")


@dataclass
class DataFolder:
    """A data folder held by this process, from `hold` to `release` or the end of the process."""

    path: Path
    _lock: IO[str] | None = field(default=None, init=False)

    def hold(self, kind: str) -> None:
        """Make the folder, or take the one that is there, for this process alone."""
        self._make()
        known = self._known()
        self._lock_it()
        if known is None:
            self.path.chmod(0o700)  # customers' data: nobody else on this machine looks in
            self._write(
                "kezhi.json", json.dumps({"product": "kezhi", "format": FORMAT, "kind": kind})
            )
        elif kind == DEMO and known["kind"] == OWN:
            raise CannotStart(
                _(
                    "%(folder)s holds a company of your own, which the demo would be mixed into: "
                    "choose another folder with --data."
                )
                % {"folder": self.path}
            )
        if not (self.path / "secret.key").is_file():
            self._write("secret.key", secrets.token_urlsafe(48))
        self._end_leftovers()

    def open_existing(self) -> None:
        """Like `hold`, for commands that work on a company that is there already."""
        if not (self.path / "kezhi.json").is_file():
            raise CannotStart(
                _("There is no company in %(folder)s: start one with ./kezhi serve.")
                % {"folder": self.path}
            )
        self._known()

    @property
    def kind(self) -> str:
        """DEMO or OWN: by whom the folder was made."""
        known = self._known()
        return OWN if known is None else str(known["kind"])

    def release(self) -> None:
        if self._lock:
            self._lock.close()
            self._lock = None

    # What is prepared for which code

    def is_prepared(self, digest: str) -> bool:
        """Whether the last preparation (migrations, assets, …) was for code with this digest."""
        with contextlib.suppress(OSError):
            return (self.path / "prepared").read_text() == digest
        return False

    def mark_prepared(self, digest: str) -> None:
        self._write("prepared", digest)

    # Processes

    def note_processes(self, pids: dict[str, int]) -> None:
        """Keep the running processes in mind, so that a later start can end what a crash left."""
        noted = []
        for name, pid in pids.items():
            with contextlib.suppress(psutil.Error):
                noted.append({"name": name, "pid": pid, "began": psutil.Process(pid).create_time()})
        self._write("processes.json", json.dumps(noted))

    def _end_leftovers(self) -> None:
        """Web or worker of a start that was killed: they end with it, but may need a moment."""
        left = []
        with contextlib.suppress(OSError, ValueError):
            for noted in json.loads((self.path / "processes.json").read_text()):
                with contextlib.suppress(psutil.Error):
                    process = psutil.Process(noted["pid"])
                    # The number may belong to another program by now.
                    if abs(process.create_time() - noted["began"]) < 1:
                        left += [process, *process.children(recursive=True)]
        _gone, alive = psutil.wait_procs(left, timeout=3)
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(alive, timeout=3)

    # Making and checking

    def _make(self) -> None:
        refusal = _("Kezhi can't write to %(folder)s (%(reason)s): choose another with --data.")
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except FileExistsError:
            raise CannotStart(
                _("%(folder)s is a file, not a folder: choose another with --data.")
                % {"folder": self.path}
            ) from None
        except OSError as error:
            values = {"folder": self.path, "reason": error.strerror}
            raise CannotStart(refusal % values) from error

    def _known(self) -> dict[str, Any] | None:
        """What the folder says it is; None for an empty one; refuses a foreign or newer one."""
        marker = self.path / "kezhi.json"
        if not marker.is_file():
            ours = {"lock", ".kezhi.json.new"}  # of a start that was killed at once
            if any(entry.name not in ours for entry in self.path.iterdir()):
                raise CannotStart(
                    _(
                        "%(folder)s is not empty and not a data folder of Kezhi: "
                        "choose another with --data."
                    )
                    % {"folder": self.path}
                )
            return None
        try:
            said: dict[str, Any] = json.loads(marker.read_text())
            number, _kind = int(said["format"]), said["kind"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CannotStart(
                _("%(file)s can't be read: this is not a data folder of Kezhi, or it is damaged.")
                % {"file": marker}
            ) from error
        if number > FORMAT:
            raise CannotStart(
                _("%(folder)s was written by a newer Kezhi: update this one.")
                % {"folder": self.path}
            )
        return said

    def _lock_it(self) -> None:
        self._lock = (self.path / "lock").open("a+")
        # A start that was killed a moment ago may still be on its way out.
        deadline = time.monotonic() + 1
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                self._lock.seek(0)
                pid = self._lock.read().strip()
                self.release()
                raise CannotStart(
                    _(
                        "Kezhi is already running with %(folder)s (process %(pid)s): "
                        "stop it, or choose another folder with --data."
                    )
                    % {"folder": self.path, "pid": pid}
                ) from None
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()

    def _write(self, name: str, text: str) -> None:
        """Whole or not at all, and for no other eyes."""
        making = self.path / f".{name}.new"
        making.unlink(missing_ok=True)
        making.touch(mode=0o600)
        making.write_text(text)
        making.replace(self.path / name)


def code_digest(*folders: Path) -> str:
    """Changes whenever the code may have: its files by name, size, time, and what is installed.

    Files that are made from others count by their names alone: when one is gone it is made again, but
    making one (for another data folder, by a test) changes nothing.
    """
    seen = hashlib.sha256()
    for top in folders:
        for folder, inside, files in os.walk(top):
            inside[:] = sorted(name for name in inside if name not in PASSED_OVER)
            is_made = not MADE.isdisjoint(Path(folder).relative_to(top).parts)
            for name in sorted(files):
                status = os.stat(os.path.join(folder, name))
                state = "" if is_made else f":{status.st_size}:{status.st_mtime_ns}"
                seen.update(f"{folder}/{name}{state}\n".encode())
    for name in sorted(os.listdir(sysconfig.get_path("purelib"))):
        if name.endswith(".dist-info"):
            seen.update(f"{name}\n".encode())
    return seen.hexdigest()
