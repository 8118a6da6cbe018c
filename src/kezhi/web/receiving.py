"""What a client sends is taken in before it gets one of the few places where pages are made.

Else a handful of clients that announce a form and send it byte by byte would take all places, and nobody else
were answered. The server has many more threads than there are places: waiting for a client costs little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from tempfile import SpooledTemporaryFile
from threading import BoundedSemaphore
from typing import IO, Any

from django.conf import settings

from kezhi.web.patience import is_full

PLACES = 4
WAITING = 64  # threads of a process: those in the places, and those whose clients are still sending
IN_MEMORY = 256 * 1024
STEP = 64 * 1024
Start = Callable[..., Any]
Application = Callable[[dict[str, Any], Start], Any]


class Receiving:
    """A WSGI application around another one."""

    def __init__(self, application: Application, places: int = PLACES) -> None:
        self.application, self.places = application, BoundedSemaphore(places)

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        announced = _announced(environ)
        if not announced:
            return self._answered(environ, start_response)
        with SpooledTemporaryFile(IN_MEMORY, dir=settings.FILE_UPLOAD_TEMP_DIR) as body:
            try:
                came = _taken_in(environ["wsgi.input"], body, announced)
            except OSError as error:
                if not is_full(error):
                    raise
                return _refused(start_response, "507 Insufficient Storage")
            if came < announced:
                return _refused(start_response, "400 Bad Request")
            body.seek(0)
            return self._answered(environ | {"wsgi.input": body}, start_response)

    def _answered(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Whole answers are made to their end: the connection to the database goes back with the place."""
        with self.places:
            response = self.application(environ, start_response)
            if getattr(response, "streaming", False):
                streamed: Iterable[bytes] = response
                return streamed
            try:
                return list(response)
            finally:
                if (close := getattr(response, "close", None)) is not None:
                    close()


def _announced(environ: dict[str, Any]) -> int:
    """Bytes; what comes without saying how many isn't read by anybody."""
    try:
        return max(int(environ.get("CONTENT_LENGTH") or 0), 0)
    except ValueError:
        return 0


def _taken_in(stream: IO[bytes], body: IO[bytes], announced: int) -> int:
    came = 0
    while came < announced:
        part = stream.read(min(STEP, announced - came))
        if not part:
            break
        body.write(part)
        came += len(part)
    return came


def _refused(start_response: Start, status: str) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return []
