"""Two realms in one program: a colleague's session doesn't exist in the portal, nor the portal's outside it."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

PREFIX = "/portal/"


def cookie_name() -> str:
    """Sent to the portal's pages alone: the path belongs to the cookie."""
    return "__Secure-kezhi_portal" if settings.SESSION_COOKIE_SECURE else "kezhi_portal"


class RealmMiddleware:
    """Before anything reads a session: of the two cookies a request may carry, one counts.

    Browsers keep the portal's cookie to its path by themselves; here it holds for whoever sends what they like.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        other = settings.SESSION_COOKIE_NAME if in_portal(request) else cookie_name()
        request.COOKIES.pop(other, None)
        return self.get_response(request)


def in_portal(request: HttpRequest) -> bool:
    return request.path_info.startswith(PREFIX)
