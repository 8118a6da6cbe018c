"""What every page of the portal begins with: is it open, who comes, in which language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.middleware.csrf import rotate_token
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from kezhi.service.models import PortalSession, PortalSettings
from kezhi.service.portal.actors import PortalActor
from kezhi.service.portal.signing_in import Key, half_of, is_fresh, note_visit, session_of
from kezhi.web.intake.visitors import MOST_REQUEST_BYTES, TOO_LARGE, size_of, told
from kezhi.web.portal.realm import PREFIX, cookie_name
from kezhi.web.requests import PersonRequest

P = ParamSpec("P")
SIGN_IN = "/portal/sign-in/"
STEPS: dict[str, str] = {
    PortalSession.Awaits.CODE: f"{SIGN_IN}second-step/",
    PortalSession.Awaits.SET_UP: f"{SIGN_IN}set-up/",
}


class PortalRequest(PersonRequest):
    """What the portal adds. `actor` is nobody here: a contact is no colleague."""

    portal: PortalActor
    visit: PortalSession
    shop: PortalSettings
    preview: Preview | None  # where a colleague looks at the page


@dataclass(frozen=True, slots=True)
class Preview:
    """What the page says of itself to the colleague, in their language; where it leads back, and which pages it
    has."""

    told: str
    back_label: str
    back: str
    pages: frozenset[str]


View = Callable[Concatenate[PortalRequest, P], HttpResponseBase]


def page(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """For who is signed in to the portal; everybody else is led to its door."""

    @wraps(view)
    def guarded(request: PortalRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        now = timezone.now()
        session = session_of(request.COOKIES.get(cookie_name(), ""), at=now)
        if session is None:
            if "HX-Request" in request.headers:
                return HttpResponse(status=401)
            wanted = request.get_full_path() if request.method == "GET" else PREFIX
            return HttpResponseRedirect(f"{SIGN_IN}?{urlencode({'next': wanted})}")
        note_visit(session, at=now)
        request.visit, request.portal = session, PortalActor(session.account)
        request.preview = None
        with speaking(request, session.account.language):
            try:
                return view(request, *args, **kwargs)
            except Http404:
                return render(request, "portal/absent.html", status=404)

    shown = _open(guarded)
    shown.is_for_customers = True  # type: ignore[attr-defined]
    shown.inside = view  # type: ignore[attr-defined]
    return shown


def halfway(
    awaits: str,
) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """For who proved the password and has this step to go; `request.visit` is the session that waits.
    Everybody else begins at the door."""

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: PortalRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            half = half_of(request.COOKIES.get(cookie_name(), ""), at=timezone.now())
            if half is None or half.awaits != awaits:
                return HttpResponseRedirect(SIGN_IN)
            request.visit = half
            with speaking(request, half.account.language):
                return view(request, *args, **kwargs)

        return _open(guarded)

    return decorate


def onwards(request: HttpRequest, key: Key, wanted: str = "") -> HttpResponse:
    """Into the portal, or to the step that still stands before it; the browser has its key."""
    wanted = wanted or way_on(request)
    if key.session.awaits:
        wanted = f"{STEPS[key.session.awaits]}?{urlencode({'next': wanted})}"
    return let_in(request, HttpResponseRedirect(wanted), key)


def door(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """For everybody: sign-in, a link from a letter."""
    return _open(view)


def _open(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """404 where the company has no portal, for whoever comes; never kept by a browser or on the way.

    What is too large is refused before a byte of it is read.
    """

    protected = csrf_protect(view)

    @login_not_required
    @never_cache
    @csrf_exempt  # by the middleware, which would read the whole request first
    @wraps(view)
    def opened(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if size_of(request) > MOST_REQUEST_BYTES:
            return told(request, TOO_LARGE)
        request.shop = PortalSettings.current()
        if not request.shop.is_open:
            return render(request, "portal/closed.html", status=404)
        response: HttpResponseBase = protected(request, *args, **kwargs)
        response.headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        return response

    return opened


@contextmanager
def speaking(request: PortalRequest, language: str) -> Iterator[None]:
    """In the account's own language, where it has one; else as the visitor's browser has it."""
    if not language:
        yield
        return
    with translation.override(language):
        request.LANGUAGE_CODE = translation.get_language()
        yield


def let_in(request: HttpRequest, response: HttpResponse, key: Key) -> HttpResponse:
    """Give the browser its key; forms that stood open before are void."""
    rotate_token(request)
    response.set_cookie(
        cookie_name(),
        key.secret,
        max_age=settings.SESSION_COOKIE_AGE,
        path=PREFIX,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def let_out(response: HttpResponse) -> HttpResponse:
    response.delete_cookie(cookie_name(), path=PREFIX, samesite="Lax")
    return response


def way_on(request: HttpRequest) -> str:
    """Where the visitor wanted to go, if that is in the portal."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    is_ours = wanted.startswith(PREFIX) and url_has_allowed_host_and_scheme(wanted, None)
    return wanted if is_ours and "\\" not in wanted and "/../" not in wanted else PREFIX


def must_confirm(request: PortalRequest, back: str) -> HttpResponse | None:
    """Where the password has to be typed again first; None when it was lately."""
    if is_fresh(request.visit, at=timezone.now()):
        return None
    back = request.get_full_path() if request.method == "GET" else back
    return HttpResponseRedirect(f"/portal/confirm/?{urlencode({'next': back})}")
