"""What this installation backs up, from its settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings

from kezhi.operations.backups.making import Source


def source() -> Source:
    return Source(address(), Path(settings.MEDIA_ROOT), str(settings.SECRET_KEY))


def address() -> str:
    """The database of Django's settings, as an address for programs that aren't Django."""
    from django.db import connections

    place: dict[str, Any] = connections["default"].settings_dict
    options = {
        name: given
        for name, given in place["OPTIONS"].items()
        if isinstance(given, str) and name not in ("pool", "options")
    }
    user, password = quote(str(place["USER"]), ""), quote(str(place["PASSWORD"]), "")
    host = str(place["HOST"])
    if host.startswith("/"):
        options["host"], host = host, ""
    port = f":{place['PORT']}" if place["PORT"] else ""
    name = quote(str(place["NAME"]), "")
    query = f"?{urlencode(options)}" if options else ""
    return f"postgresql://{user}:{password}@{host}{port}/{name}{query}"
