"""One's own account: password, language, where one is signed in."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from kezhi.core.refusal import Refused
from kezhi.service.portal import second_factors, signing_in
from kezhi.web.accounts.devices import device_name
from kezhi.web.portal.visiting import SIGN_IN, PortalRequest, let_in, let_out, page


@page
@require_safe
def show(request: PortalRequest) -> HttpResponse:
    return _page(request)


@page
@sensitive_post_parameters("current", "new")
@require_POST
def password(request: PortalRequest) -> HttpResponse:
    """POST current, new."""
    current, new = (str(request.POST.get(name, ""))[:4096] for name in ("current", "new"))
    try:
        key = signing_in.change_password(request, request.visit, current, new, at=timezone.now())
    except Refused as refusal:
        return _page(request, str(refusal), 422)
    messages.success(request, _("The new password counts from now on. Other sessions have ended."))
    return let_in(request, HttpResponseRedirect("/portal/account/"), key)


@page
@require_POST
def end_session(request: PortalRequest, reference: str) -> HttpResponse:
    try:
        signing_in.end_session(request.portal.account, reference, actor=request.portal)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Signed out there."))
    if request.visit.reference == reference:
        return let_out(HttpResponseRedirect(SIGN_IN))
    return HttpResponseRedirect("/portal/account/")


@page
@require_POST
def end_sessions(request: PortalRequest) -> HttpResponse:
    """Everywhere, here too."""
    signing_in.end_sessions(request.portal.account, actor=request.portal)
    return let_out(HttpResponseRedirect(SIGN_IN))


def _page(request: PortalRequest, refusal: str = "", status: int = 200) -> HttpResponse:
    sessions = signing_in.sessions_of(request.portal, at=timezone.now())
    app = second_factors.app_of(request.portal.account)
    about = {
        "account": request.portal.account,
        "app": app,
        "codes_left": second_factors.codes_left(request.portal.account) if app else 0,
        "is_asked": request.shop.asks_second_factor,
        "refusal": refusal,
        "sessions": [
            (each, device_name(each.agent), each.pk == request.visit.pk) for each in sessions
        ],
    }
    return render(request, "portal/account.html", about, status=status)
