"""What is sensitive asks once more who it is, unless that was proven within the last ten minutes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.accounts import passkeys, second_factors, signing_in, single_sign_on
from kezhi.accounts.models import CodeApp
from kezhi.core.refusal import Refused
from kezhi.web.accounts.passkey_ceremony import answer_of, ceremony, remembered
from kezhi.web.origin import origin
from kezhi.web.requests import PersonRequest

View = Callable[..., HttpResponse]
CONFIRM = "/settings/security/confirm/"


def freshly_signed_in(view: View) -> View:
    """Lead to the confirmation and back. Nothing has been done before it."""

    @functools.wraps(view)
    def guarded(request: PersonRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if signing_in.is_fresh(request, at=timezone.now()):
            return view(request, *args, **kwargs)
        return ask_to_confirm(request)

    return guarded


def freshly_signed_in_to_change(view: View) -> View:
    """As `freshly_signed_in`, for a page that may be looked at without."""
    guarded = freshly_signed_in(view)

    @functools.wraps(view)
    def changing(request: PersonRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        wanted = guarded if request.method == "POST" else view
        return wanted(request, *args, **kwargs)

    return changing


def ask_to_confirm(request: PersonRequest) -> HttpResponse:
    """The page that was asked for, or where the form stood, is where it goes on afterwards."""
    back = request.get_full_path()
    if request.method != "GET":
        back = urlsplit(request.headers.get("Referer", "")).path or "/settings/security/"
    there = f"{CONFIRM}?{urlencode({'next': back})}"
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": there})
    return HttpResponseRedirect(there)


def way_on(request: PersonRequest, default: str = "/") -> str:
    """Where the person wanted to go; never off the site."""
    wanted = request.POST.get("next") or request.GET.get("next") or default
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, None)
    return wanted if is_ours else default


@never_cache
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "POST"])
def confirm(request: PersonRequest) -> HttpResponse:
    refusal = None
    if request.method == "POST":
        try:
            _prove(request)
        except Refused as refused:
            refusal = refused
        else:
            return redirect(way_on(request, "/settings/security/"))
    person = request.actor
    linked = set(person.external_identities.values_list("issuer", flat=True))
    context = {
        "refusal": refusal,
        "next": way_on(request, "/settings/security/"),
        "has_password": person.has_usable_password(),
        "has_code_app": CodeApp.objects.filter(person=person).exists(),
        "has_passkey": person.passkeys.exists(),
        "providers": [p for p in single_sign_on.providers_in_use() if p.issuer in linked],
    }
    status = 422 if refusal else 200
    return render(request, "accounts/confirm.html", context, status=status)


def _prove(request: PersonRequest) -> None:
    """By the password, else by a code; either guess is counted like those at the door."""
    now, person = timezone.now(), request.actor
    password = request.POST.get("password", "")
    if password:
        found = signing_in.check_name_and_password(request, person.login, password, at=now)
        if found.pk != person.pk:
            raise Refused(_("This isn't your current password."))
        means = "password"
    else:
        means = second_factors.check_code(request, person, request.POST.get("code", ""), at=now)
    signing_in.confirm(request, person, means, at=now)


@never_cache
@require_POST
def confirm_passkey_options(request: PersonRequest) -> HttpResponse:
    return ceremony(request, lambda: passkeys.begin_proving(origin(request), request.actor))


@never_cache
@require_POST
def confirm_passkey(request: PersonRequest) -> HttpResponse:
    now = timezone.now()
    try:
        state, answer = remembered(request), answer_of(request)
        passkeys.prove(state, answer, at=now, origin=origin(request), person=request.actor)
    except Refused as refusal:
        context = {
            "refusal": refusal,
            "next": way_on(request, "/settings/security/"),
            "has_password": request.actor.has_usable_password(),
            "has_code_app": CodeApp.objects.filter(person=request.actor).exists(),
            "has_passkey": True,
            "providers": [],
        }
        return render(request, "accounts/confirm.html", context, status=422)
    signing_in.confirm(request, request.actor, "passkey", at=now)
    return redirect(way_on(request, "/settings/security/"))
