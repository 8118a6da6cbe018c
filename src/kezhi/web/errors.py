"""Pages for what went wrong, in the person's language; they stand alone and ask nothing of the database."""

from __future__ import annotations

import secrets
import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from kezhi.web.patience import is_away, is_full, took_too_long

WAS_AWAY = "database_was_away"
# Pages of customers, who have no business at our own start page; where one of them begins, they are led there.
OUTSIDE = {"/portal/": "/portal/", "/help/": "/help/", "/ask/": "", "/case/": "", "/s/": ""}


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(
        request, 400, _("This address or form isn’t complete"), _("Go back and try again.")
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = _(
        "Your role doesn’t allow it. The owner of your company can change that in the settings."
    )
    return _page(request, 403, _("You can’t open this page"), text)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = (
        _("It may have been moved or deleted, or belongs to somebody else’s customers.")
        if _home(request) == "/"
        else _("The link isn’t complete, or what stood here has ended.")
    )
    return _page(request, 404, _("There is nothing at this address"), text)


def only_sent(request: HttpRequest) -> HttpResponse:
    text = _("Only forms are sent there. Go back to the page where the form stands.")
    return _page(request, 405, _("There is no page at this address"), text)


def of_the_surroundings(
    request: HttpRequest, exception: BaseException | None
) -> HttpResponse | None:
    """The page for a fault that isn't the program's: a database that is away or busy, a disk that is full."""
    if exception is None:
        return None
    if took_too_long(exception):
        return too_slow(request)
    if is_full(exception):
        return full(request)
    return unavailable(request) if is_away(exception) else None


def failed(request: HttpRequest) -> HttpResponse:
    # Django calls this while the fault is being handled, wherever it arose.
    if (known := of_the_surroundings(request, sys.exc_info()[1])) is not None:
        return known
    text = (
        _(
            "Nothing was saved halfway. Try again; if it comes back, tell your administrator the number."
        )
        if _home(request) == "/"
        else _("Nothing was saved halfway. Try again; if it comes back, tell us the number.")
    )
    return _page(request, 500, _("Something broke on our side"), text, secrets.token_hex(3).upper())


def unavailable(request: HttpRequest) -> HttpResponse:
    text = _("The database can’t be reached. Try again in a minute.")
    response = _page(request, 503, _("Kezhi is starting or being looked after"), text)
    response.headers["Retry-After"] = "5"
    setattr(response, WAS_AWAY, True)
    return response


def full(request: HttpRequest) -> HttpResponse:
    text = _("Nothing was saved. Your administrator has to make room; then try again.")
    response = _page(request, 507, _("The disk of the server is full"), text)
    response.headers["Retry-After"] = "60"
    return response


def too_slow(request: HttpRequest) -> HttpResponse:
    text = _(
        "The database was asked for longer than a page may ask. Narrow the filter, or take one condition away."
    )
    return _page(request, 503, _("This question takes too long"), text)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = _(
        "The page was open for too long, or cookies are switched off. Load it again and send once more."
    )
    return _page(request, 403, _("This form has expired"), text)


def _home(request: HttpRequest) -> str:
    """Where it goes on: our start page, that of the customers, or nowhere."""
    return next((to for path, to in OUTSIDE.items() if request.path_info.startswith(path)), "/")


def _page(
    request: HttpRequest, status: int, title: str, text: str, number: str = ""
) -> HttpResponse:
    about = {"status": status, "heading": title, "text": text, "number": number}
    about["home"] = _home(request)
    return render(request, "errors/page.html", about, status=status)
