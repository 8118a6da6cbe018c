"""How long work tells where it stands, and hears that it should stop.

Progress is written on a database connection of its own, because the work itself runs in one transaction
whose writes nobody sees before it commits.
"""

from __future__ import annotations

import time
from typing import Protocol

from django.db import connections


class Stopped(Exception):
    """The person cancelled; the work is rolled back."""


class Progress(Protocol):
    def __call__(self, done: int, total: int, message: str = "") -> None:
        """Tell how much is done; raises `Stopped` when the work was cancelled."""


def silent(done: int, total: int, message: str = "") -> None:
    """Progress for nobody."""


class JobProgress:
    """Writes at most once a second to the `JobRun` row and raises `Stopped` on a cancel request."""

    def __init__(self, job_run_id: int, every_seconds: float = 1.0) -> None:
        self.job_run_id = job_run_id
        self.every_seconds = every_seconds
        self._next = 0.0
        self._message = ""

    def __call__(self, done: int, total: int, message: str = "") -> None:
        if time.monotonic() < self._next and message == self._message:
            return
        self._next, self._message = time.monotonic() + self.every_seconds, message
        if self._write(done, total, message):
            raise Stopped

    def _write(self, done: int, total: int, message: str) -> bool:
        connection = connections["default"].copy()
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE core_jobrun SET done = %s, total = %s, message = %s WHERE id = %s"
                    " RETURNING cancel_requested",
                    [done, total, message[:300], self.job_run_id],
                )
                row = cursor.fetchone()
        finally:
            connection.close()
        return bool(row and row[0])
