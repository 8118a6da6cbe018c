"""The second factor of a portal account: as a step of signing in, and on the page of one's own account."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.accounts.second_factors import app_address
from kezhi.core.refusal import Refused
from kezhi.service.models import PortalSession
from kezhi.service.portal import second_factors, signing_in
from kezhi.web.accounts.code_app_secret import qr_path
from kezhi.web.portal.visiting import (
    PortalRequest,
    halfway,
    let_in,
    must_confirm,
    onwards,
    page,
    way_on,
)
from kezhi.web.requests import typed

Awaits = PortalSession.Awaits
ACCOUNT = "/portal/account/"
LONGEST = 20
FEW_CODES = 3


@halfway(Awaits.CODE)
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: PortalRequest) -> HttpResponse:
    """POST code: of the app, or one of the recovery codes."""
    refusal = None
    if request.method == "POST":
        code = typed(request, "code", LONGEST)
        try:
            key = signing_in.prove(request, request.visit, code, at=timezone.now())
        except Refused as refused:
            refusal = refused
        else:
            left = second_factors.codes_left(request.visit.account)
            if left <= FEW_CODES:
                messages.success(
                    request,
                    _("Recovery codes left: %(left)s. Get new ones below.") % {"left": left},
                )
                return onwards(request, key, ACCOUNT)
            return onwards(request, key)
    about = {"refusal": refusal, "next": way_on(request), "account": request.visit.account}
    return render(request, "portal/second_step.html", about, status=422 if refusal else 200)


@halfway(Awaits.SET_UP)
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: PortalRequest) -> HttpResponse:
    """POST code: the first one of the app. Recovery codes are shown this once, then it goes on."""
    if request.method != "POST":
        return _app_page(request, "portal/set_up.html")
    code = typed(request, "code", LONGEST)
    try:
        key, codes = signing_in.set_up(request, request.visit, code, at=timezone.now())
    except Refused as refusal:
        return _app_page(request, "portal/set_up.html", refusal)
    about = {"codes": codes, "next": way_on(request)}
    return let_in(request, render(request, "portal/recovery_codes_door.html", about), key)


@page
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: PortalRequest) -> HttpResponse:
    """POST code: the first one of the app, by who typed the password within ten minutes."""
    if (led := must_confirm(request, request.path)) is not None:
        return led
    if request.method != "POST":
        return _app_page(request, "portal/second_factor.html")
    account = request.portal.account
    try:
        codes = second_factors.add_code_app(
            account,
            request.visit,
            typed(request, "code", LONGEST),
            actor=request.portal,
            at=timezone.now(),
        )
    except Refused as refusal:
        return _app_page(request, "portal/second_factor.html", refusal)
    return render(request, "portal/recovery_codes.html", {"codes": codes})


@page
@require_POST
def remove(request: PortalRequest) -> HttpResponse:
    if (led := must_confirm(request, ACCOUNT)) is not None:
        return led
    try:
        second_factors.remove_code_app(request.portal.account, actor=request.portal)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("From now on the password alone signs in."))
    return HttpResponseRedirect(ACCOUNT)


@page
@require_POST
def renew(request: PortalRequest) -> HttpResponse:
    """Ten new recovery codes, shown this once."""
    if (led := must_confirm(request, ACCOUNT)) is not None:
        return led
    try:
        codes = second_factors.renew_codes(request.portal.account, actor=request.portal)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(ACCOUNT)
    return render(request, "portal/recovery_codes.html", {"codes": codes})


def _app_page(
    request: PortalRequest, template: str, refusal: Refused | None = None
) -> HttpResponse:
    account = request.visit.account
    secret = second_factors.kept_secret(request.visit)
    address = app_address(secret, account.login, request.shop.title or request.company_name)
    side, path = qr_path(address)
    about = {
        "account": account,
        "next": way_on(request),
        "refusal": refusal,
        "side": side,
        "path": path,
        "address": address,
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
    }
    return render(request, template, about, status=422 if refusal else 200)
