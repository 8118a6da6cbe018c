"""What pages without a sign-in share: who asks, how often they may, how large what they send may be."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.core.signing import b62_decode
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from kezhi.accounts.models.sign_in_attempt import network_of
from kezhi.accounts.visitors import is_welcome
from kezhi.service.intake.visiting import MOST_FILES, Upload
from kezhi.workbench.attaching import MOST_BYTES

View = Callable[..., HttpResponseBase]
SALT = "kezhi.web.intake.begun"
# Nobody reads and fills in a form faster; a form that lay open overnight still counts.
SHORTEST_SECONDS = 3
LONGEST_SECONDS = 24 * 3600
MOST_REQUEST_BYTES = MOST_BYTES + 1024 * 1024
TOO_MANY, TOO_LARGE = 429, 413
# Sent words by network and by address; pages looked at by network.
SENT = {"most": 10, "per_hour": 30}
SENT_BY_ADDRESS = {"most": 5, "per_hour": 10}
LOOKED_AT = {"most": 120, "per_hour": 1200}


def public(view: View) -> View:
    """A page for whoever comes: kept from robots, bounded in size and number, protected against forgery.

    What is too large is refused before a byte of it is read.
    """

    @login_not_required
    @never_cache
    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if size_of(request) > MOST_REQUEST_BYTES:
            response: HttpResponseBase = told(request, TOO_LARGE)
        elif request.method != "POST" and not is_welcome("look", _network(request), **LOOKED_AT):
            response = told(request, TOO_MANY)
        else:
            response = csrf_protect(view)(request, *args, **kwargs)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        # The address of the page is the key to it: it isn't told to where a link leads.
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return guarded


def told(request: HttpRequest, status: int) -> HttpResponse:
    """Why it doesn't go on."""
    return render(request, "intake/trouble.html", {"status": status}, status=status)


def may_send(request: HttpRequest, address: str = "") -> bool:
    """Whether there is room for more words from here, and in the name of this address."""
    by_network = is_welcome("send", _network(request), **SENT)
    return by_network and (not address or is_welcome("send-as", address, **SENT_BY_ADDRESS))


def begun(key: str) -> str:
    """What a form carries: a key of its own, and when it was opened."""
    return _signer().sign(key)


def key_of(request: HttpRequest, now: float) -> str:
    """The key of the form, if a person can have filled it in meanwhile; else empty."""
    given = request.POST.get("begun", "")[:200]
    try:
        key = _signer().unsign(given, max_age=LONGEST_SECONDS)
    except signing.BadSignature:
        return ""
    began = b62_decode(given.rsplit(":", 2)[1])
    return key if now - began >= SHORTEST_SECONDS else ""


def fell_into_the_pot(request: HttpRequest) -> bool:
    """A field that no person sees was filled in."""
    return bool(request.POST.get("website", "").strip())


def uploads_of(request: HttpRequest) -> list[Upload]:
    """One more than may be, so that it is refused."""
    found = request.FILES.getlist("file")[: MOST_FILES + 1]
    return [Upload(each.name or "", each.chunks()) for each in found if each.size]


def size_of(request: HttpRequest) -> int:
    """What the request says that it brings; too much where it says nothing that is a number."""
    given = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(given) if given.isdecimal() and len(given) < 15 else MOST_REQUEST_BYTES + 1


def _network(request: HttpRequest) -> str:
    return network_of(request.META.get("REMOTE_ADDR")) or "-"


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=SALT)
