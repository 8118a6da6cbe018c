"""The address of a merged record leads to the one that it became."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from kezhi.customers.merging import survivor_of
from kezhi.records import registry

RECORD = re.compile(r"/(customers|contacts)/(\d{1,18})/$")
KINDS = {"customers": "customer", "contacts": "contact"}


class MergedRecordMiddleware:
    """Works only where a page wasn't found: who may see the survivor is led there, everyone else isn't told."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = RECORD.fullmatch(request.path) if response.status_code == 404 else None
        actor = getattr(request, "actor", None)
        if match is None or request.method != "GET" or actor is None:
            return response
        kind = registry[KINDS[match[1]]]
        survivor = survivor_of(kind.name, int(match[2]))
        if survivor is None or not actor.may("read", kind.name):
            return response
        record = kind.visible_to(actor).filter(pk=survivor).first()
        return response if record is None else HttpResponseRedirect(kind.url_of(record))
