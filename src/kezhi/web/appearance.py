"""How the screen looks to one person in one browser: theme, density, keys and language, kept in cookies."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from kezhi.accounts.models import User
from kezhi.accounts.organising import set_preferences

LANGUAGE_COOKIE = "kezhi_language"
YEAR = 365 * 24 * 3600
# What may be chosen, the default first. The cookie is `kezhi_<name>`.
CHOICES = {
    "theme": ("auto", "light", "dark"),
    "density": ("comfortable", "compact"),
    "keys": ("on", "off"),
}


def chosen(request: HttpRequest, person: User | None) -> dict[str, str]:
    """The appearance of this browser, else the person's own; anything unknown counts as not set."""
    return {
        name: next(
            known
            for known in (
                request.COOKIES.get(f"kezhi_{name}"),
                getattr(person, name, ""),
                allowed[0],
            )
            if known in allowed
        )
        for name, allowed in CHOICES.items()
    }


@login_not_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """POST theme, density, keys or language; goes back to `next`, a path of ours."""
    choices = {name: request.POST[name] for name in CHOICES if name in request.POST}
    language = request.POST.get("language")
    if any(setting not in CHOICES[name] for name, setting in choices.items()) or (
        language is not None and language not in dict(settings.LANGUAGES)
    ):
        return HttpResponseBadRequest()
    response = HttpResponseRedirect(_way_back(request))
    for name, setting in choices.items():
        # Read by our script, which switches the theme without a round trip.
        _remember(response, f"kezhi_{name}", setting)
    if language is not None:
        _remember(response, LANGUAGE_COOKIE, language)
    person = getattr(request, "actor", None)
    if person is not None:
        _adopt(person, choices, language)
    return response


def _way_back(request: HttpRequest) -> str:
    back = request.POST.get("next", "/")
    return back if back.startswith("/") and url_has_allowed_host_and_scheme(back, None) else "/"


def _remember(response: HttpResponse, name: str, setting: str) -> None:
    response.set_cookie(
        name, setting, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )


def _adopt(person: User, choices: dict[str, str], language: str | None) -> None:
    """A person's choices go with them to every browser."""
    set_preferences(
        person,
        actor=person,
        language=language or person.language,
        theme=choices.get("theme", person.theme),
        density=choices.get("density", person.density),
        keys=choices.get("keys", person.keys),
    )
