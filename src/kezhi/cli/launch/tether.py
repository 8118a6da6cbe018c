"""Run a program that dies with the process that started it, and as another user if need be.

Run by path in an interpreter of its own (`python -I -S tether.py …`), because what has to happen
between fork and exec is not safe in Python within a process that has threads. Only the standard
library.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1


def die_with(parent: int, number: int) -> None:
    """Get signal `number` when the process `parent` ends, however it ends.

    Linux only; elsewhere nothing. Changing the user clears this, so it comes after that; a parent
    that is gone already is noticed.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def tethered(
    command: Sequence[str | Path],
    *,
    farewell: signal.Signals,
    folder: Path | None = None,
    user: tuple[int, int] | None = None,
) -> list[str]:
    """The command line that runs `command` tied to this process, in `folder`, as `user`."""
    uid, gid = user or (-1, -1)
    return [
        sys.executable,
        "-I",
        "-S",
        str(Path(__file__).resolve()),
        *(str(part) for part in (os.getpid(), int(farewell), uid, gid, folder or "")),
        *(str(part) for part in command),
    ]


def _run(parent: str, farewell: str, uid: str, gid: str, folder: str, *command: str) -> None:
    if folder:
        os.chdir(folder)
    if int(uid) >= 0:
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
        os.umask(0o077)
    die_with(int(parent), int(farewell))
    try:
        os.execv(command[0], command)  # noqa: S606
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    _run(*sys.argv[1:])
