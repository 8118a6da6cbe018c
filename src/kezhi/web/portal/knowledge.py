"""The knowledge base within the portal: what customers who sign in may read, in their language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from kezhi.service.models import Article
from kezhi.web import numbers
from kezhi.web.knowledge import help as pages
from kezhi.web.knowledge.faces import ASK, Face
from kezhi.web.portal.visiting import PortalRequest, page


def face_of(request: PortalRequest) -> Face:
    """This visitor, to the pages of help."""
    return Face(
        "portal",
        Article.Audience.PORTAL,
        numbers.language(),
        "portal/help_base.html",
        "portal-help",
        contact_id=request.portal.account.contact_id,
        is_counted=request.portal.viewer is None,
    )


def _within(view: Callable[..., Any]) -> Callable[..., HttpResponseBase]:
    """A page of help as one of the portal's, where the company shows its knowledge there."""

    @page
    def shown(request: PortalRequest, **parts: Any) -> HttpResponseBase:
        if not request.shop.shows_knowledge:
            raise Http404
        response: HttpResponseBase = view(request, face_of(request), **parts)
        return response

    return shown


home = _within(pages.home)
article = _within(pages.article)
rate = _within(pages.rate)
suggestions = _within(pages.suggestions)
file = _within(pages.file)


def _ask(request: HttpRequest) -> str:
    return reverse("portal-ticket-new") if hasattr(request, "portal") else ""


ASK.insert(0, _ask)
