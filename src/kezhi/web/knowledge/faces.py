"""Whom a help page is for: what they may read, in which language, under which addresses.

The same pages serve visitors without an account and customers in the portal. The portal shows them within
its own frame: it makes a `Face` for its visitor and calls the views of `help`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone, translation

from kezhi.service.knowledge import deflecting
from kezhi.service.models import Article, HelpVisit

COOKIE = "kezhi_help"
KEPT = int(timedelta(days=3).total_seconds())
LANGUAGES = {"zh": "zh-hans", "en": "en"}

# Where a visitor can write to us, as far as somebody offers that; the first address counts.
ASK: list[Callable[[HttpRequest], str]] = []


@dataclass(frozen=True)
class Face:
    """`prefix` begins the names of its routes, `parts` their arguments."""

    name: str
    audience: int
    language: str  # zh or en
    base: str
    prefix: str
    parts: tuple[Any, ...] = ()
    contact_id: int | None = None
    is_counted: bool = True  # a colleague who looks at it as the customer does leaves no trace

    def url(self, name: str = "", *parts: Any) -> str:
        return reverse(f"{self.prefix}-{name}" if name else self.prefix, args=[*self.parts, *parts])

    def article(self, code: str) -> str:
        return self.url("article", code)


def public_face(language: str) -> Face:
    if language not in LANGUAGES:
        raise Http404
    return Face("public", Article.Audience.PUBLIC, language, "help/base.html", "help", (language,))


def public(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """For everybody, without signing in, in the language of the address."""

    @login_not_required
    @wraps(view)
    def shown(request: HttpRequest, language: str, **parts: Any) -> HttpResponseBase:
        face = public_face(language)
        with translation.override(LANGUAGES[language]):
            request.LANGUAGE_CODE = LANGUAGES[language]
            response = view(request, face, **parts)
        response.headers["Content-Language"] = LANGUAGES[language]
        return response

    return shown


def key_of(request: HttpRequest) -> uuid.UUID | None:
    """The key of the visit that this browser carries; anything else in the cookie counts as none."""
    try:
        return uuid.UUID(request.COOKIES.get(COOKIE, ""))
    except ValueError:
        return None


def visit_of(request: HttpRequest, face: Face) -> HelpVisit:
    """The visit that goes on, or a new one."""
    return deflecting.visit_of(
        key_of(request), face.name, at=timezone.now(), contact_id=face.contact_id
    )


def remember(response: HttpResponse, request: HttpRequest, visit: HelpVisit) -> HttpResponse:
    response.set_cookie(
        COOKIE,
        str(visit.key),
        max_age=KEPT,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


def ask_address(request: HttpRequest) -> str:
    return next((address for offer in ASK if (address := offer(request))), "")
