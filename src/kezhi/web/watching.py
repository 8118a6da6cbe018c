"""Every request is watched: its number, how long it took and on what; a second try if the database was away.

The first of all middlewares, so that what the others do counts. Slow pages are kept without a word about whose
they were; the addresses that machines ask (`/healthz` …) are answered here, before anything else can fail.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from kezhi.core import logs
from kezhi.operations import measurements
from kezhi.operations.slow_pages import keep_slow_page
from kezhi.web import probes
from kezhi.web.errors import WAS_AWAY
from kezhi.web.tallying import Tally, counting

AGAIN_AFTER = 0.3
MOST_KEPT_A_MINUTE = 30
requests_log = logging.getLogger("kezhi.requests")
logger = logging.getLogger(__name__)


class WatchMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._kept_since = 0.0
        self._kept = 0

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if (probe := probes.PROBES.get(request.path_info)) is not None:
            return probe(request)
        number, tally = secrets.token_hex(8), Tally()
        began = time.perf_counter()
        token = counting.set(tally)
        with logs.about(request=number) as about, connection.execute_wrapper(tally):
            try:
                response = self.get_response(request)
                if getattr(response, WAS_AWAY, False) and request.method in ("GET", "HEAD"):
                    # Nothing was changed by it: the person needn't know that the database was away a moment.
                    connection.close()
                    time.sleep(AGAIN_AFTER)
                    response = self.get_response(request)
            finally:
                counting.reset(token)
            seconds = time.perf_counter() - began
            about["actor"] = getattr(getattr(request, "actor", None), "pk", None)
            self._note(request, response, number, tally, seconds)
        response.headers["X-Request-ID"] = number
        return response

    def _note(
        self,
        request: HttpRequest,
        response: HttpResponse,
        number: str,
        tally: Tally,
        seconds: float,
    ) -> None:
        match = request.resolver_match
        route = f"/{match.route}" if match else "-"
        measurements.observe_request(request.method or "", route, response.status_code, seconds)
        requests_log.info(
            "%s %s %s",
            request.method,
            route,
            response.status_code,
            extra={
                "milliseconds": round(seconds * 1000, 1),
                "database_milliseconds": round(tally.database * 1000, 1),
                "queries": tally.queries,
            },
        )
        threshold = settings.SLOW_PAGE_SECONDS
        if threshold and seconds >= threshold and self._may_keep():
            try:
                keep_slow_page(
                    at=timezone.now(),
                    request_id=number,
                    route=route[:200],
                    method=(request.method or "")[:8],
                    status=response.status_code,
                    seconds=seconds,
                    database_seconds=tally.database,
                    template_seconds=tally.templates,
                    queries=tally.queries,
                    slowest_query_seconds=tally.slowest,
                    slowest_query=tally.slowest_query[:1000],
                )
            except DatabaseError:
                logger.warning("A slow page couldn't be noted.")

    def _may_keep(self) -> bool:
        """When everything is slow, notes about it mustn't make it slower."""
        now = time.monotonic()
        if now - self._kept_since > 60:
            self._kept_since, self._kept = now, 0
        self._kept += 1
        return self._kept <= MOST_KEPT_A_MINUTE
