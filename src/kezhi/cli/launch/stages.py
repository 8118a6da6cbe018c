"""A start names each of its stages as it goes, with the time that it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from kezhi.cli.launch.language import gettext as _


class Stages:
    """Prints `Database … 0.4 s`, one line per stage; on a terminal also how far a stage is."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self._line = ""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Name a stage, then the time it took. A stage that fails passes its reason on."""
        started = time.monotonic()
        self._line = f"  {name} … "
        self._write(self._line)
        try:
            yield
        except BaseException:
            self._write("\n")
            self._line = ""
            raise
        seconds = time.monotonic() - started
        self._rewrite("")
        self._line = ""
        self._write(_("%(seconds).1f s") % {"seconds": seconds} + "\n")

    def progress(self, text: str) -> None:
        """How far the stage under way is. Shown on a terminal only: in a file it would be noise."""
        self._rewrite(text)

    def say(self, text: str) -> None:
        """A line of its own; a stage under way is named again below it."""
        if not self._line:
            self._write(f"{text}\n")
        else:
            self._write(f"\n{text}\n{self._line}")

    def _rewrite(self, text: str) -> None:
        if self.out.isatty():
            self._write(f"\r\033[K{self._line}{text}")

    def _write(self, text: str) -> None:
        # Nobody may be listening any more (a closed terminal, a pipe): everything is stopped all the same.
        with suppress(OSError, ValueError):
            self.out.write(text)
            self.out.flush()
