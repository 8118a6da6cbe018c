"""How the small forms of pages answer: back to where they stood, with what was done or why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Kind, registry
from kezhi.web.records import record as record_page
from kezhi.web.records.access import visible
from kezhi.web.requests import PersonRequest


def done(
    request: PersonRequest,
    deed: Callable[[], Any],
    told: str,
    back: str | Callable[[], str],
    again: Callable[[str], HttpResponse] | None = None,
) -> HttpResponse:
    """Do it and go back; 403 where the role doesn't permit it, a word of why where it isn't possible now.

    `back` is asked only afterwards where the deed itself may lead elsewhere. With `again` a refusal is that
    page, with the reason: where what was typed is to stay.
    """
    try:
        deed()
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except Refused as refusal:
        if again is not None:
            return again(str(refusal))
        messages.error(request, str(refusal))
    else:
        messages.success(request, told)
    return HttpResponseRedirect(back if isinstance(back, str) else back())


def done_with(
    request: PersonRequest, kind_name: str, pk: int, deed: Callable[[Any], Any], told: str
) -> HttpResponse:
    """Do it with one record and go back to its page: 404 for a stranger's, 403 for one they may only see.

    Who gives away what they saw by it alone goes to the list. A refusal is the record's page once more, so that
    its forms hold what was typed.
    """
    kind = registry[kind_name]
    record = get_object_or_404(kind.visible_to(request.actor), pk=pk)
    if not kind.visible_to(request.actor, "edit").filter(pk=pk).exists():
        raise PermissionDenied

    def back() -> str:
        stays = kind.visible_to(request.actor).filter(pk=pk).exists()
        return kind.url_of(record) if stays else kind.list_url()

    again = refused_on(request, kind, pk) if kind_name in record_page.PANELS else None
    return done(request, lambda: deed(record), told, back, again)


def refused_on(request: PersonRequest, kind: Kind, pk: int) -> Callable[[str], HttpResponse]:
    """The `again` of forms on a record's page: the page once more, with the reason and what was typed."""

    def again(reason: str) -> HttpResponse:
        messages.error(request, reason)
        shown = kind.seen_by(request.actor)
        return record_page.page(request, shown, visible(request, shown, pk), status=409)

    return again
