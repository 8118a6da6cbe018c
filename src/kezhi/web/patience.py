"""How long a page may ask the database: nobody's filter keeps the others waiting."""

from __future__ import annotations

from django.db import DataError, OperationalError, connections
from psycopg.errors import QueryCanceled, UntranslatableCharacter

SECONDS = 15


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
