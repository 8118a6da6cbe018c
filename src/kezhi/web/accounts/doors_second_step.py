"""The second step of signing in: a code, a passkey, or, where the company asks for it, setting one up."""

from __future__ import annotations

import functools
from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kezhi.accounts import passkeys, second_factors, signing_in
from kezhi.accounts.models import CodeApp
from kezhi.accounts.signing_in import HalfSignedIn, Step
from kezhi.core.refusal import Refused
from kezhi.web.accounts.code_app_secret import app_page, kept_secret
from kezhi.web.accounts.passkey_ceremony import answer_of, ceremony, remembered
from kezhi.web.accounts.security_confirming import way_on
from kezhi.web.origin import origin
from kezhi.web.requests import PersonRequest, typed

PATHS = {Step.SECOND_FACTOR: "/sign-in/second-step/", Step.SET_UP: "/sign-in/set-up/"}


def onwards(request: PersonRequest, step: Step, wanted: str = "") -> HttpResponse:
    """After a first factor: to where the person wanted to go, or to what is asked before."""
    wanted = wanted or way_on(request)
    if step is Step.DONE:
        return redirect(wanted)
    query = f"?{urlencode({'next': wanted})}" if wanted != "/" else ""
    return redirect(PATHS[step] + query)


def standing_at(
    step: Step,
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Only for who proved a first factor in this session; anybody else is led to the sign-in."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def guarded(request: PersonRequest) -> HttpResponse:
            half = signing_in.half_signed_in(request, at=timezone.now())
            if half is None or half.step is not step:
                return redirect("/sign-in/")
            return view(request, half)

        return login_not_required(never_cache(guarded))

    return decorate


@sensitive_post_parameters("code")
@standing_at(Step.SECOND_FACTOR)
@require_http_methods(["GET", "POST"])
def second_step(request: PersonRequest, half: HalfSignedIn) -> HttpResponse:
    if request.method != "POST":
        return _second_step_page(request, half)
    now = timezone.now()
    try:
        means = second_factors.check_code(
            request, half.person, request.POST.get("code", ""), at=now
        )
    except Refused as refusal:
        return _second_step_page(request, half, refusal)
    signing_in.second_factor_proven(request, half, means, at=now)
    return onwards(request, Step.DONE)


def _second_step_page(
    request: PersonRequest, half: HalfSignedIn, refusal: Refused | None = None
) -> HttpResponse:
    context = {
        "person": half.person,
        "next": way_on(request),
        "refusal": refusal,
        "has_code_app": CodeApp.objects.filter(person=half.person).exists(),
        "has_passkey": half.person.passkeys.exists(),
    }
    return render(request, "accounts/second_step.html", context, status=422 if refusal else 200)


@standing_at(Step.SECOND_FACTOR)
@require_POST
def second_step_passkey_options(request: PersonRequest, half: HalfSignedIn) -> HttpResponse:
    return ceremony(request, lambda: passkeys.begin_proving(origin(request), half.person))


@standing_at(Step.SECOND_FACTOR)
@require_POST
def second_step_passkey(request: PersonRequest, half: HalfSignedIn) -> HttpResponse:
    now = timezone.now()
    try:
        state, answer = remembered(request), answer_of(request)
        passkeys.prove(state, answer, at=now, origin=origin(request), person=half.person)
    except Refused as refusal:
        return _second_step_page(request, half, refusal)
    signing_in.second_factor_proven(request, half, "passkey", at=now)
    return onwards(request, Step.DONE)


@standing_at(Step.SET_UP)
@require_GET
def set_up_choice(request: PersonRequest, half: HalfSignedIn) -> HttpResponse:
    return _set_up_page(request, half)


def _set_up_page(
    request: PersonRequest, half: HalfSignedIn, refusal: Refused | None = None
) -> HttpResponse:
    context = {"person": half.person, "next": way_on(request), "refusal": refusal}
    return render(request, "accounts/set_up_factor.html", context, status=422 if refusal else 200)


@sensitive_post_parameters("code")
@standing_at(Step.SET_UP)
@require_http_methods(["GET", "POST"])
def set_up_code_app(request: PersonRequest, half: HalfSignedIn) -> HttpResponse:
    secret = kept_secret(request)
    if request.method != "POST":
        return app_page(request, half.person, secret, is_door=True)
    now = timezone.now()
    try:
        codes = second_factors.add_code_app(
            half.person, secret, request.POST.get("code", ""), actor=half.person, at=now
        )
    except Refused as refusal:
        return app_page(request, half.person, secret, is_door=True, refusal=refusal)
    return _set_up_done(request, half, "code", codes)


@standing_at(Step.SET_UP)
@require_POST
def set_up_passkey_options(request: PersonRequest, half: HalfSignedIn) -> HttpResponse:
    return ceremony(request, lambda: passkeys.begin_adding(half.person, origin(request)))


@standing_at(Step.SET_UP)
@require_POST
def set_up_passkey(request: PersonRequest, half: HalfSignedIn) -> HttpResponse:
    try:
        codes = passkeys.add_passkey(
            half.person,
            remembered(request),
            answer_of(request),
            actor=half.person,
            at=timezone.now(),
            origin=origin(request),
            name=typed(request, "name"),
        )
    except Refused as refusal:
        return _set_up_page(request, half, refusal)
    return _set_up_done(request, half, "passkey", codes)


def _set_up_done(
    request: PersonRequest, half: HalfSignedIn, means: str, codes: list[str]
) -> HttpResponse:
    """Signed in; the recovery codes are shown this once before it goes on."""
    wanted = way_on(request)
    signing_in.second_factor_proven(request, half, means, at=timezone.now())
    return render(request, "accounts/recovery_codes_door.html", {"codes": codes, "next": wanted})
