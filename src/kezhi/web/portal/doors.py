"""Coming in: sign-in, a link from a letter, a forgotten password, and going out again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.core.refusal import Refused
from kezhi.service.portal import signing_in
from kezhi.service.portal.linking import living_link
from kezhi.service.portal.signing_in import session_of
from kezhi.web import appearance
from kezhi.web.portal.realm import cookie_name
from kezhi.web.portal.visiting import SIGN_IN, PortalRequest, door, let_out, onwards, page, way_on
from kezhi.web.requests import typed


@door
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: PortalRequest) -> HttpResponse:
    """The same words for a wrong password and an unknown address."""
    now, refusal = timezone.now(), None
    if request.method == "POST":
        before = session_of(request.COOKIES.get(cookie_name(), ""), at=now)
        login = typed(request, "login", 254)
        password = str(request.POST.get("password", ""))[:4096]
        try:
            key = signing_in.sign_in(request, login, password, at=now)
        except Refused as refused:
            refusal = refused
        else:
            if before is not None:
                before.delete()
            return onwards(request, key)
    about = {"refusal": refusal, "login": typed(request, "login", 254), "next": way_on(request)}
    return render(request, "portal/sign_in.html", about, status=422 if refusal else 200)


@door
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: PortalRequest) -> HttpResponse:
    """The same answer for every address; a letter goes to those that have an account."""
    is_asked = request.method == "POST"
    if is_asked:
        signing_in.ask_for_letter(request, typed(request, "login", 254), at=timezone.now())
    return render(request, "portal/forgotten.html", {"is_asked": is_asked})


@door
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: PortalRequest, token: str) -> HttpResponse:
    """Looking at the page spends nothing: mail programs look, too."""
    now, refusal = timezone.now(), None
    link = living_link(token, at=now)
    if link is None:
        return render(request, "portal/link_dead.html", status=404)
    if request.method == "POST":
        password = str(request.POST.get("password", ""))[:4096]
        actor = signing_in.PortalActor(link.account)
        try:
            signing_in.use_link(link.account, token, password, actor=actor, at=now)
        except Refused as refused:
            refusal = refused
        else:
            messages.success(request, _("Your password is set. Sign in with it."))
            return HttpResponseRedirect(SIGN_IN)
    about = {"link": link, "refusal": refusal}
    return render(request, "portal/link.html", about, status=422 if refusal else 200)


@door
@require_POST
def sign_out(request: PortalRequest) -> HttpResponse:
    session = session_of(request.COOKIES.get(cookie_name(), ""), at=timezone.now())
    if session is not None:
        signing_in.sign_out(session)
    return let_out(HttpResponseRedirect(SIGN_IN))


@page
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: PortalRequest) -> HttpResponse:
    """The password once more, before what is sensitive."""
    refusal = None
    if request.method == "POST":
        password = str(request.POST.get("password", ""))[:4096]
        try:
            key = signing_in.confirm(request, request.visit, password, at=timezone.now())
        except Refused as refused:
            refusal = refused
        else:
            return onwards(request, key)
    about = {"refusal": refusal, "next": way_on(request)}
    return render(request, "portal/confirm.html", about, status=422 if refusal else 200)


@door
@require_POST
def appear(request: PortalRequest) -> HttpResponse:
    """POST theme or language, as for colleagues' pages; an account keeps its language."""
    response = appearance.choose(request)
    session = session_of(request.COOKIES.get(cookie_name(), ""), at=timezone.now())
    if session is not None and response.status_code == 302 and "language" in request.POST:
        actor = signing_in.PortalActor(session.account)
        signing_in.set_language(session.account, request.POST["language"], actor=actor)
    if response.status_code == 302:
        response["Location"] = way_on(request)
    return response
