"""A child process that may keep only so much memory: whoever takes more is ended, not served.

The system limits what a process may reserve, not what it really holds, and a reader of workbooks reserves far
more than it uses. So the parent looks at what the child holds, many times a second. The child can't do that
itself: a reader that unpacks a sheet in one go doesn't let another thread of its process run.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence

import psutil

LOOK_EVERY = 0.02  # seconds


class TooHeavy(Exception):
    """The child was ended: more memory or time than it was given."""


def run(
    command: Sequence[str], *, env: Mapping[str, str], resident: int, seconds: float
) -> tuple[bytes, int]:
    """What the command wrote, and the most bytes that it was seen to hold."""
    deadline, most = time.monotonic() + seconds, 0
    with subprocess.Popen(  # noqa: S603  (the caller's own module, no shell)
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(env)
    ) as child:
        process = psutil.Process(child.pid)
        try:
            while True:
                try:
                    return child.communicate(timeout=LOOK_EVERY)[0], most
                except subprocess.TimeoutExpired:
                    most = max(most, _held(process))
                if most > resident or time.monotonic() > deadline:
                    raise TooHeavy
        except BaseException:
            child.kill()
            raise


def _held(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:  # it has just ended
        return 0
