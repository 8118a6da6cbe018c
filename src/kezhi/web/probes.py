"""Addresses for machines: is the process alive, may it get requests, what does it measure.

They stand before sessions, languages and hosts, because those who ask have none; they tell of nobody.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST

from kezhi.operations import measurements
from kezhi.operations.readiness import readiness

PASSED_ON = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers. Says nothing of the database: to start it anew wouldn't bring that back."""
    return _plain({"status": "ok"}, 200)


def ready(request: HttpRequest) -> HttpResponse:
    """Requests may be sent here: the database answers, has all migrations, and takes jobs."""
    found = readiness()
    is_ready = set(found.values()) == {"ok"}
    response = _plain(
        {"status": "ok" if is_ready else "unready", **found}, 200 if is_ready else 503
    )
    if not is_ready:
        response.headers["Retry-After"] = "5"
    return response


def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        return HttpResponse("not allowed\n", status=403, content_type="text/plain")
    response = HttpResponse(measurements.exposition(), content_type=CONTENT_TYPE_LATEST)
    response.headers["Cache-Control"] = "no-store"
    return response


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        said = request.META.get("HTTP_AUTHORIZATION", "")
        wanted = f"Bearer {settings.METRICS_TOKEN}"
        return hmac.compare_digest(said.encode(), wanted.encode())
    if any(request.META.get(name) for name in PASSED_ON):
        return False  # a web server in front of us asks for somebody else
    try:
        return ipaddress.ip_address(str(request.META.get("REMOTE_ADDR", ""))).is_loopback
    except ValueError:
        return False


def _plain(found: dict[str, str], status: int) -> HttpResponse:
    response = JsonResponse(found, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": alive,
    "/readyz": ready,
    "/metrics": metrics,
}
