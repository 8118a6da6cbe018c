"""A file that a program sends: as a part of a form, or as the body itself; read bit by bit, never whole.

What was sent is the same when name and content are: the signs between the parts of a form differ each time.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext as _

from kezhi.api.problems import Problem
from kezhi.workbench.attaching import MOST_BYTES

PART = "file"
FORM, RAW = "multipart/form-data", "application/octet-stream"
AROUND = 64 * 1024  # what a form has beside its file
LONGEST_NAME = 1_000
STEP = 64 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent; `digest` is of its name and content."""

    name: str
    content: IO[bytes]
    digest: str

    def chunks(self) -> Iterator[bytes]:
        self.content.seek(0)
        while part := self.content.read(STEP):
            yield part


def upload_of(request: HttpRequest) -> Upload:
    """The file of the request; whoever asks closes it. Raises the problem where there isn't exactly one."""
    if _announced(request) > MOST_BYTES + AROUND:
        raise _too_large()
    try:
        if request.content_type == FORM:
            return _from_form(request)
        if request.content_type == RAW:
            return _from_body(request)
    except RequestDataTooBig as error:
        raise _too_large() from error
    except (MultiPartParserError, TooManyFieldsSent, TooManyFilesSent) as error:
        raise Problem("bad-request", _("The form can’t be read.")) from error
    except UnreadablePostError as error:
        raise Problem("bad-request", _("The body ended early.")) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Problem(
            "no-room", _("There is no room for the file: the disk of the server is full.")
        ) from error
    raise Problem(
        "media-type",
        _(
            "Send the file as the part “file” of multipart/form-data, or by itself as application/octet-stream."
        ),
    )


def _from_form(request: HttpRequest) -> Upload:
    files = [(name, each) for name, found in request.FILES.lists() for each in found]
    foreign = [name for name in (*request.POST, *(name for name, _file in files)) if name != PART]
    if len(files) != 1 or foreign:
        raise Problem("invalid", _("Send one file, as the part “file”, and nothing else."))
    file: Any = files[0][1]
    return _whole(file.name or "", file.file)


def _from_body(request: HttpRequest) -> Upload:
    name = _name(request)
    content = SpooledTemporaryFile(  # noqa: SIM115 - it is read by whoever asked, and closed there
        settings.FILE_UPLOAD_MAX_MEMORY_SIZE, dir=settings.FILE_UPLOAD_TEMP_DIR
    )
    try:
        while part := request.read(STEP):
            content.write(part)
            if content.tell() > MOST_BYTES:
                raise _too_large()
        return _whole(name, content)
    except BaseException:
        content.close()
        raise


def _whole(name: str, content: Any) -> Upload:
    digest, size = hashlib.sha256(name.encode(errors="replace") + b"\0"), 0
    content.seek(0)
    while part := content.read(STEP):
        digest.update(part)
        size += len(part)
    if size > MOST_BYTES:
        raise _too_large()
    return Upload(name, content, digest.hexdigest())


def _name(request: HttpRequest) -> str:
    """The file's name of `Content-Disposition`; clients send letters of all scripts there as they are."""
    said = str(request.META.get("HTTP_CONTENT_DISPOSITION", ""))
    with suppress(UnicodeError):  # else it is in another form already
        said = said.encode("latin-1").decode()
    name = ""
    if len(said) <= LONGEST_NAME:
        try:
            name = parse_header_parameters(said)[1].get("filename", "")
        except ValueError:
            name = ""
    if not name:
        raise Problem(
            "bad-request",
            _('Say its name: Content-Disposition: attachment; filename="contract.pdf"'),
        )
    return name


def _announced(request: HttpRequest) -> int:
    said = str(request.META.get("CONTENT_LENGTH") or "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 19 else 0


def _too_large() -> Problem:
    return Problem(
        "too-large", _("A file may have at most %(limit)s MB.") % {"limit": MOST_BYTES >> 20}
    )
