"""Coming in: sign-in, sign-out, and the guided first run."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login as start_session
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.accounts import setting_up, signing_in
from kezhi.accounts.models import Company
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import Refused
from kezhi.web.accounts.forms import FoundingForm, SignInForm
from kezhi.web.requests import PersonRequest


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: PersonRequest) -> HttpResponse:
    if Company.current() is None:
        return redirect("/setup/")
    if request.user.is_authenticated:
        return _onwards(request)
    form, refusal = SignInForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            signing_in.sign_in(request, data["login"], data["password"], at=timezone.now())
            return _onwards(request)
        except Refused as refused:
            refusal = refused
    context = {"form": form, "refusal": refusal, "next": request.GET.get("next", "")}
    failed = request.method == "POST"
    return render(request, "accounts/sign_in.html", context, status=422 if failed else 200)


def _onwards(request: PersonRequest) -> HttpResponse:
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, None)
    return HttpResponseRedirect(wanted if is_ours else "/")


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
            start_session(request, owner, backend="django.contrib.auth.backends.ModelBackend")
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
