"""The address people use for this installation. A request may not choose it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.utils.translation import gettext as _

from kezhi.core.refusal import Refused


def origin(request: HttpRequest) -> str:
    """`KEZHI_ORIGIN`; without it the request's host, where that is a name we were given as ours."""
    if settings.ORIGIN:
        return str(settings.ORIGIN)
    host = request.get_host()
    name, _port = split_domain_port(host)
    if name not in settings.ALLOWED_HOSTS:
        raise Refused(_("Set KEZHI_ORIGIN to the address of this installation first."))
    return f"{request.scheme}://{host}"


def full_address(request: HttpRequest, path: str) -> str:
    return origin(request) + path
