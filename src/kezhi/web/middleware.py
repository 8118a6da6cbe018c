"""Who asks, in which language, on which day: what every request carries before a view sees it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from urllib.parse import urlencode

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import (
    get_supported_language_variant,
    parse_accept_lang_header,
)

from kezhi.accounts.models import Company, User
from kezhi.accounts.sessions import note_visit
from kezhi.core.refusal import NotAllowed
from kezhi.web import appearance, errors, numbers
from kezhi.web.patience import holds_nul, is_away
from kezhi.web.ways import came_from
from kezhi.workbench.customizing import definitions


class PersonMiddleware:
    """Sets `actor` (the user, or None), `company_name`, `today`, language and appearance on the request.

    The language is the person's own, else the one chosen in this browser, else the company's, else the
    browser's. Days are counted in the company's time zone; figures are written in its currency.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What a role doesn't permit is a 403; what the database gave up or can't hold is told. Every other
        fault is a fault."""
        if isinstance(exception, NotAllowed):
            return errors.forbidden(request, exception)
        if (known := errors.of_the_surroundings(request, exception)) is not None:
            return known
        # No browser sends it: 400 for all forms at once, instead of a fault in the one that forgot.
        return errors.bad_request(request, exception) if holds_nul(exception) else None

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            # Before the guided first run there is no company yet: its defaults stand in.
            company = Company.home()
        except OperationalError as error:
            if not is_away(error):
                raise
            return _without_database(request)
        zone = company.zone
        today = company.today()
        _keep_session(request)
        _describe(request, company, today)
        with (
            translation.override(_language(request, company)),
            timezone.override(zone),
            numbers.reading_for(currency=company.currency, zone=zone, today=today),
            definitions.as_of(company.definitions_version),
        ):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            if _is_bare_refusal(request, response):
                allowed = response.headers["Allow"]
                response = errors.only_sent(request)
                response.headers["Allow"] = allowed
        if _asks_to_sign_in(request, response):
            response = HttpResponse(status=401)
        elif request.method == "POST" and _leads_to_sign_in(response):
            # Where the form was sent to there is no page: one goes on where it stood.
            there = urlencode({"next": came_from(request)})
            response.headers["Location"] = f"{settings.LOGIN_URL}?{there}"
        _harden(response, request.LANGUAGE_CODE)
        return response


def _keep_session(request: HttpRequest) -> None:
    """The session was read with the person: here it only goes on under a new key, or is noted as used."""
    if not request.user.is_authenticated:
        return
    row = getattr(request.session, "row", None)
    if row is None:
        return
    if row.is_key_due:
        request.session.cycle_key()
    else:
        agent = request.headers.get("User-Agent", "")
        note_visit(row, request.META.get("REMOTE_ADDR"), agent, at=timezone.now())


def _asks_to_sign_in(request: HttpRequest, response: HttpResponse) -> bool:
    """A session that ended while a page was open: a fragment must not become the sign-in page."""
    is_fragment = "HX-Request" in request.headers
    return is_fragment and response.headers.get("Location", "").startswith(settings.LOGIN_URL)


def _leads_to_sign_in(response: HttpResponse) -> bool:
    return response.headers.get("Location", "").startswith(f"{settings.LOGIN_URL}?")


def _is_bare_refusal(request: HttpRequest, response: HttpResponse) -> bool:
    """A person who opens an address that only takes forms, by loading a refused form again, gets a page."""
    is_page = request.method == "GET" and "HX-Request" not in request.headers
    is_ours = not request.path_info.startswith("/api/")
    return is_page and is_ours and isinstance(response, HttpResponseNotAllowed)


def _without_database(request: HttpRequest) -> HttpResponse:
    wanted = next(iter(_accepted(request)), settings.LANGUAGE_CODE)
    with translation.override("zh-hans" if wanted.startswith("zh") else "en"):
        return errors.unavailable(request)


def _describe(request: HttpRequest, company: Company, today: date) -> None:
    person = request.user if isinstance(request.user, User) else None
    about = {
        "actor": person,
        "company": company,
        "company_name": company.name,
        "today": today,
        **appearance.chosen(request, person),
    }
    for name, known in about.items():
        setattr(request, name, known)


def _language(request: HttpRequest, company: Company) -> str:
    own = request.user.language if isinstance(request.user, User) else ""
    chosen = request.COOKIES.get(appearance.LANGUAGE_COOKIE, "")
    companys = company.language if company.pk else ""
    for code in (own, chosen, companys, *_accepted(request), settings.LANGUAGE_CODE):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


def _accepted(request: HttpRequest) -> list[str]:
    header = request.headers.get("Accept-Language", "")
    return [code for code, _weight in parse_accept_lang_header(header) if code != "*"]


def _harden(response: HttpResponse, language: str) -> None:
    response.headers.setdefault("Content-Language", language)
    response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        # Pages differ by person, and a shared computer's back button must not show the last one's.
        response.headers.setdefault("Cache-Control", "private, no-store")
        patch_vary_headers(response, ["Cookie", "HX-Request"])
