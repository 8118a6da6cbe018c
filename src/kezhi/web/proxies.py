"""Who really asks: a proxy that we trust says so, anybody else's word about it is dropped."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

CLAIMS = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
)


class ProxyMiddleware:
    """Sets `REMOTE_ADDR` to the client's address when one of `TRUSTED_PROXIES` passed the request on.

    From anybody else, headers that claim another address, host or scheme don't reach the program. The host
    is never taken from them at all.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        peer = str(request.META.get("REMOTE_ADDR", ""))
        if _is_trusted(peer):
            client = _client(str(request.META.get("HTTP_X_FORWARDED_FOR", "")))
            if client:
                request.META["REMOTE_ADDR"] = client
        else:
            for claim in CLAIMS:
                request.META.pop(claim, None)
        return self.get_response(request)


def _client(chain: str) -> str:
    """The last address before our own proxies; what stands before it anyone could have written."""
    for entry in reversed([part.strip() for part in chain.split(",")]):
        if not _is_address(entry):
            return ""
        if not _is_trusted(entry):
            return entry
    return ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_trusted(address: str) -> bool:
    networks = _networks(tuple(settings.TRUSTED_PROXIES))
    if not networks or not _is_address(address):
        return False
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in network for network in networks)


@cache
def _networks(
    named: tuple[str, ...],
) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(name, strict=False) for name in named)
