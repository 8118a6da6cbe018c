"""How long a page may ask the database: nobody's filter keeps the others waiting."""

from __future__ import annotations

import errno

from django.db import DataError, InterfaceError, OperationalError, connections
from psycopg.errors import DiskFull, QueryCanceled, UntranslatableCharacter

SECONDS = 15
# Connections that are broken or refused, a server that stops, starts or has no place left.
AWAY = ("08", "57P", "53300")


def be_patient(seconds: int = SECONDS) -> None:
    """Connections made from now on by this process give up a question after so long; jobs may take longer."""
    options = connections["default"].settings_dict["OPTIONS"]
    asked = str(options.get("options", ""))
    if "statement_timeout" not in asked:
        options["options"] = f"{asked} -c statement_timeout={seconds * 1000}".strip()


def took_too_long(exception: BaseException) -> bool:
    return isinstance(exception, OperationalError) and isinstance(
        exception.__cause__, QueryCanceled
    )


def holds_nul(exception: BaseException) -> bool:
    """Whether a text was sent on that has a NUL in it: the driver refuses it, or in JSON the database."""
    return isinstance(exception, DataError) and (
        "NUL (0x00)" in str(exception) or isinstance(exception.__cause__, UntranslatableCharacter)
    )


def is_away(exception: BaseException | None) -> bool:
    """Whether the database can't be reached just now, or cut the connection in the middle."""
    if isinstance(exception, InterfaceError):
        return "closed" in str(exception)
    if not isinstance(exception, OperationalError):
        return False
    code = getattr(exception.__cause__, "sqlstate", None)
    return code is None or str(code).startswith(AWAY)


def is_full(exception: BaseException | None) -> bool:
    """Whether a disk has no room left: the database's or that of the files."""
    if isinstance(exception, OperationalError):
        return isinstance(exception.__cause__, DiskFull)
    return isinstance(exception, OSError) and exception.errno in (errno.ENOSPC, errno.EDQUOT)
