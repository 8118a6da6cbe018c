"""Coming in: sign-in, sign-out, and the guided first run."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.accounts import passkeys, setting_up, signing_in, single_sign_on
from kezhi.accounts.models import Company
from kezhi.accounts.signing_in import Step
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import Refused
from kezhi.web.accounts.doors_second_step import onwards
from kezhi.web.accounts.forms import FoundingForm, SignInForm
from kezhi.web.accounts.passkey_ceremony import answer_of, ceremony, remembered
from kezhi.web.origin import origin
from kezhi.web.requests import PersonRequest


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: PersonRequest) -> HttpResponse:
    if Company.current() is None:
        return redirect("/setup/")
    if request.user.is_authenticated:
        return onwards(request, Step.DONE)
    form, refusal = SignInForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            step = signing_in.sign_in(request, data["login"], data["password"], at=timezone.now())
            return onwards(request, step)
        except Refused as refused:
            refusal = refused
    return _sign_in_page(request, form, refusal)


def _sign_in_page(
    request: PersonRequest, form: SignInForm, refusal: Refused | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "refusal": refusal,
        "next": request.POST.get("next") or request.GET.get("next", ""),
        "providers": single_sign_on.providers_in_use(),
    }
    failed = request.method == "POST"
    return render(request, "accounts/sign_in.html", context, status=422 if failed else 200)


@login_not_required
@never_cache
@require_POST
def passkey_options(request: PersonRequest) -> HttpResponse:
    """Whoever holds one of our passkeys may use it: nobody is named before."""
    return ceremony(request, lambda: passkeys.begin_proving(origin(request)))


@login_not_required
@never_cache
@require_POST
def sign_in_by_passkey(request: PersonRequest) -> HttpResponse:
    now = timezone.now()
    try:
        state, answer = remembered(request), answer_of(request)
        person = passkeys.prove(state, answer, at=now, origin=origin(request))
    except Refused as refusal:
        return _sign_in_page(request, SignInForm(), refusal)
    step = signing_in.first_factor_proven(request, person, "passkey", at=now, is_enough=True)
    return onwards(request, step)


@login_not_required
@require_POST
def sign_out(request: PersonRequest) -> HttpResponse:
    signing_in.sign_out(request)
    return redirect("/sign-in/")


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def set_up(request: PersonRequest) -> HttpResponse:
    """Only while there is no company, and only for whoever holds the token that the start printed."""
    if Company.current() is not None:
        raise Http404
    token = request.POST.get("token") or request.GET.get("token", "")
    if not settings.SETUP_TOKEN or not secrets.compare_digest(token, settings.SETUP_TOKEN):
        return render(request, "accounts/setup_locked.html", status=403)
    form = FoundingForm(request.POST or None, initial=_guess(request))
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            owner = setting_up.found_company(form.company(), form.owner(), actor=SYSTEM)
        except Refused as refused:
            refusal = refused
        else:
            signing_in.begin_session(request, owner, "password", at=timezone.now())
            messages.success(
                request, _("Your company is set up. Now bring your customers and orders.")
            )
            return redirect("/imports/")
    context = {"form": form, "refusal": refusal, "token": token}
    failed = request.method == "POST"
    return render(request, "accounts/setup.html", context, status=422 if failed else 200)


def _guess(request: PersonRequest) -> dict[str, str]:
    """What the browser lets us suppose; everything can be changed before it counts."""
    chinese = request.LANGUAGE_CODE.startswith("zh")
    return {
        "language": "zh-hans" if chinese else "en",
        "currency": "CNY" if chinese else "USD",
        "time_zone": "Asia/Shanghai" if chinese else "UTC",
    }
