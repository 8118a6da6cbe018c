"""One's own security: ways of signing in, and where one is signed in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kezhi.accounts import passkeys, second_factors, sessions, signing_in, single_sign_on
from kezhi.accounts.models import CodeApp, ExternalIdentity, Passkey, RecoveryCode, Session, User
from kezhi.core.refusal import Refused
from kezhi.web.accounts.code_app_secret import app_page, forget_secret, kept_secret
from kezhi.web.accounts.devices import device_name
from kezhi.web.accounts.passkey_ceremony import answer_of, ceremony, remembered
from kezhi.web.accounts.security_confirming import freshly_signed_in
from kezhi.web.origin import origin
from kezhi.web.requests import PersonRequest, typed

HOME = "/settings/security/"
FEW_CODES = 3


@never_cache
@require_GET
def security(request: PersonRequest) -> HttpResponse:
    return _page(request)


def _page(request: PersonRequest, refusal: Refused | None = None) -> HttpResponse:
    person = request.actor
    codes_left = RecoveryCode.objects.filter(person=person, used_at=None).count()
    linked = list(person.external_identities.order_by("linked_at"))
    providers = single_sign_on.providers_in_use()
    names = {provider.issuer: provider.name for provider in providers}
    context = {
        "person": person,
        "refusal": refusal,
        "code_app": CodeApp.objects.filter(person=person).first(),
        "passkeys": list(Passkey.objects.of(person.pk)),
        "codes_left": codes_left,
        "few_codes": codes_left < FEW_CODES,
        "is_required": signing_in.must_set_up(person),
        "identities": [(one, names.get(one.issuer, one.issuer)) for one in linked],
        "providers": [p for p in providers if p.issuer not in {one.issuer for one in linked}],
        "sessions": described(person, current=request.session.session_key),
    }
    return render(request, "accounts/security.html", context, status=409 if refusal else 200)


def described(person: User, current: str | None = None) -> list[dict[str, Any]]:
    """The person's sessions in words, this browser's first."""
    found = [
        {
            "session": session,
            "device": device_name(session.agent),
            "is_current": session.session_key == current,
        }
        for session in sessions.sessions_of(person, at=timezone.now())
    ]
    return sorted(found, key=lambda one: not one["is_current"])


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
@freshly_signed_in
def code_app(request: PersonRequest) -> HttpResponse:
    secret = kept_secret(request)
    if request.method != "POST":
        return app_page(request, request.actor, secret)
    try:
        codes = second_factors.add_code_app(
            request.actor,
            secret,
            request.POST.get("code", ""),
            actor=request.actor,
            at=timezone.now(),
        )
    except Refused as refusal:
        return app_page(request, request.actor, secret, refusal=refusal)
    forget_secret(request)
    return _added(request, codes, _("From now on the app's code is asked for when you sign in."))


def _added(request: PersonRequest, codes: list[str], said: str) -> HttpResponse:
    """A factor more: the session goes on under a new key, and first recovery codes are shown."""
    request.session.cycle_key()
    if codes:
        return render(request, "accounts/recovery_codes.html", {"codes": codes})
    messages.success(request, said)
    return redirect(HOME)


@require_POST
@freshly_signed_in
def remove_code_app(request: PersonRequest) -> HttpResponse:
    try:
        second_factors.remove_code_app(request.actor, actor=request.actor)
    except Refused as refusal:
        return _page(request, refusal)
    return _removed(request)


def _removed(request: PersonRequest) -> HttpResponse:
    request.session.cycle_key()
    messages.success(request, _("Removed."))
    return redirect(HOME)


@never_cache
@require_POST
@freshly_signed_in
def passkey_options(request: PersonRequest) -> HttpResponse:
    return ceremony(request, lambda: passkeys.begin_adding(request.actor, origin(request)))


@require_POST
@freshly_signed_in
def add_passkey(request: PersonRequest) -> HttpResponse:
    name = typed(request, "name") or device_name(request.headers.get("User-Agent", ""))
    try:
        codes = passkeys.add_passkey(
            request.actor,
            remembered(request),
            answer_of(request),
            actor=request.actor,
            at=timezone.now(),
            origin=origin(request),
            name=name,
        )
    except Refused as refusal:
        return _page(request, refusal)
    return _added(request, codes, _("You can sign in with this passkey from now on."))


@require_POST
@freshly_signed_in
def rename_passkey(request: PersonRequest, pk: int) -> HttpResponse:
    passkey = get_object_or_404(Passkey, pk=pk, person=request.actor)
    try:
        passkeys.rename_passkey(passkey, typed(request, "name"), actor=request.actor)
    except Refused as refusal:
        return _page(request, refusal)
    return redirect(HOME)


@require_POST
@freshly_signed_in
def remove_passkey(request: PersonRequest, pk: int) -> HttpResponse:
    passkey = get_object_or_404(Passkey, pk=pk, person=request.actor)
    try:
        passkeys.remove_passkey(passkey, actor=request.actor)
    except Refused as refusal:
        return _page(request, refusal)
    return _removed(request)


@never_cache
@require_POST
@freshly_signed_in
def recovery_codes(request: PersonRequest) -> HttpResponse:
    """New ones, shown this once."""
    try:
        codes = second_factors.renew_recovery_codes(request.actor, actor=request.actor)
    except Refused as refusal:
        return _page(request, refusal)
    return render(request, "accounts/recovery_codes.html", {"codes": codes})


@never_cache
@require_POST
def recovery_codes_file(request: PersonRequest) -> HttpResponse:
    """The page sends its codes back to get them as a file: they are kept nowhere in between."""
    codes = request.POST.getlist("code")[: second_factors.RECOVERY_CODES + 1]
    if not second_factors.are_codes_of(request.actor, codes):
        return _page(
            request, Refused(_("These recovery codes don't count any more. Make new ones."))
        )
    about = _("Recovery codes of %(login)s for %(company)s. Each works once.") % {
        "login": request.actor.login,
        "company": request.company_name,
    }
    text = "\r\n".join([about, "", *codes, ""])
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="kezhi-recovery-codes.txt"'
    return response


@require_POST
def end_session(request: PersonRequest, reference: str) -> HttpResponse:
    try:
        sessions.end_session(request.actor, reference, actor=request.actor)
    except Refused as refusal:
        return _page(request, refusal)
    if reference == Session(session_key=request.session.session_key or "").reference:
        signing_in.sign_out(request)
        return redirect("/sign-in/")
    messages.success(request, _("Signed out there."))
    return redirect(HOME)


@require_POST
def end_other_sessions(request: PersonRequest) -> HttpResponse:
    key = request.session.session_key or ""
    sessions.end_sessions(request.actor, actor=request.actor, but=key)
    messages.success(request, _("Signed out everywhere but here."))
    return redirect(HOME)


@require_POST
@freshly_signed_in
def unlink(request: PersonRequest, pk: int) -> HttpResponse:
    identity = get_object_or_404(ExternalIdentity, pk=pk, person=request.actor)
    try:
        single_sign_on.unlink_identity(identity, actor=request.actor)
    except Refused as refusal:
        return _page(request, refusal)
    return redirect(HOME)
