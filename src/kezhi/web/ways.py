"""Where a person goes on after a deed."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.utils.http import url_has_allowed_host_and_scheme

from kezhi.web.requests import PersonRequest


def way_back(request: PersonRequest, otherwise: str = "/") -> str:
    """The page of ours that the form names as `next`, else the one it stood on, else `otherwise`."""
    wanted = request.POST.get("next", "")
    if is_ours(wanted):
        return wanted
    try:
        came_from = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return otherwise
    path = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    return path if came_from.netloc == request.get_host() and is_ours(path) else otherwise


def is_ours(address: str) -> bool:
    return address.startswith("/") and url_has_allowed_host_and_scheme(address, None)
