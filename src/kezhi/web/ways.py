"""Where a person goes on after a deed."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from kezhi.web.requests import PersonRequest


def way_back(request: PersonRequest, otherwise: str = "/") -> str:
    """The page of ours that the form names as `next`, else the one it stood on, else `otherwise`."""
    wanted = request.POST.get("next", "")
    return wanted if is_ours(wanted) else came_from(request, otherwise)


def came_from(request: HttpRequest, otherwise: str = "/") -> str:
    """The page of ours from which a form was sent or a link followed, as the browser says."""
    try:
        before = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return otherwise
    path = before.path + (f"?{before.query}" if before.query else "")
    return path if before.netloc == request.get_host() and is_ours(path) else otherwise


def is_ours(address: str) -> bool:
    return address.startswith("/") and url_has_allowed_host_and_scheme(address, None)
