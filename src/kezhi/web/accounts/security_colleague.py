"""How a colleague signs in, for those who manage people: invitation, lost factors, sessions, accounts."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kezhi.accounts import one_time_links, second_factors, sessions, single_sign_on
from kezhi.accounts.models import CodeApp, ExternalIdentity, OneTimeLink, User
from kezhi.accounts.second_factors import may_help
from kezhi.core.refusal import Refused
from kezhi.web.accounts.security import described
from kezhi.web.accounts.security_confirming import freshly_signed_in
from kezhi.web.origin import full_address
from kezhi.web.requests import PersonRequest, typed

View = Callable[..., HttpResponse]


def of_colleague(view: View) -> View:
    """The colleague of the address; 403 for who may not help this one to sign in."""

    @functools.wraps(view)
    def guarded(request: PersonRequest, login: str, **kwargs: Any) -> HttpResponse:
        colleague = get_object_or_404(User, login=login)
        if not may_help(colleague, request.actor):
            raise PermissionDenied
        return view(request, colleague, **kwargs)

    return guarded


@never_cache
@require_GET
@of_colleague
def colleague_sign_in(request: PersonRequest, colleague: User) -> HttpResponse:
    return _page(request, colleague)


def _page(
    request: PersonRequest, colleague: User, refusal: Refused | None = None, **shown: Any
) -> HttpResponse:
    providers = single_sign_on.providers_in_use()
    names = {provider.issuer: provider.name for provider in providers}
    linked = colleague.external_identities.order_by("linked_at")
    link: OneTimeLink | None = one_time_links.open_link_of(colleague, at=timezone.now())
    context = {
        "colleague": colleague,
        "refusal": refusal,
        "link": link,
        "address": "",
        "has_password": colleague.has_usable_password(),
        "has_code_app": CodeApp.objects.filter(person=colleague).exists(),
        "passkeys": colleague.passkeys.count(),
        "identities": [(one, names.get(one.issuer, one.issuer)) for one in linked],
        "providers": providers,
        "provider_options": [(provider.slug, provider.name) for provider in providers],
        "sessions": described(colleague),
        **shown,
    }
    return render(request, "accounts/colleague.html", context, status=409 if refusal else 200)


@never_cache
@require_POST
@of_colleague
@freshly_signed_in
def make_link(request: PersonRequest, colleague: User) -> HttpResponse:
    """The address is shown this once; only its digest is kept."""
    try:
        stem = full_address(request, "/sign-in/link/")
        token = one_time_links.make_link(colleague, actor=request.actor, at=timezone.now())
    except Refused as refusal:
        return _page(request, colleague, refusal)
    return _page(request, colleague, address=f"{stem}{token}/")


@require_POST
@of_colleague
@freshly_signed_in
def withdraw_link(request: PersonRequest, colleague: User) -> HttpResponse:
    one_time_links.withdraw_link(colleague, actor=request.actor)
    messages.success(request, _("The link doesn't count any more."))
    return _back(colleague)


@require_POST
@of_colleague
@freshly_signed_in
def reset_factors(request: PersonRequest, colleague: User) -> HttpResponse:
    reason = typed(request, "reason")
    try:
        second_factors.reset_second_factors(colleague, actor=request.actor, reason=reason)
    except Refused as refusal:
        return _page(request, colleague, refusal)
    messages.success(request, _("%(name)s signs in without a second factor until there is a new one.")
                     % {"name": colleague.name})  # fmt: skip
    return _back(colleague)


@require_POST
@of_colleague
def end_session(request: PersonRequest, colleague: User, reference: str) -> HttpResponse:
    try:
        sessions.end_session(colleague, reference, actor=request.actor)
    except Refused as refusal:
        return _page(request, colleague, refusal)
    return _back(colleague)


@require_POST
@of_colleague
def end_sessions(request: PersonRequest, colleague: User) -> HttpResponse:
    sessions.end_sessions(colleague, actor=request.actor)
    messages.success(request, _("%(name)s is signed out everywhere.") % {"name": colleague.name})
    return _back(colleague)


@require_POST
@of_colleague
@freshly_signed_in
def link(request: PersonRequest, colleague: User) -> HttpResponse:
    """An owner says who the colleague is at a provider, by the subject it gives them."""
    provider = single_sign_on.provider_in_use(request.POST.get("provider", ""))
    try:
        if provider is None:
            raise Refused(_("Choose the identity provider."))
        single_sign_on.link_identity(
            colleague,
            provider.issuer,
            typed(request, "subject"),
            actor=request.actor,
            at=timezone.now(),
        )
    except Refused as refusal:
        return _page(request, colleague, refusal)
    return _back(colleague)


@require_POST
@of_colleague
@freshly_signed_in
def unlink(request: PersonRequest, colleague: User, pk: int) -> HttpResponse:
    identity = get_object_or_404(ExternalIdentity, pk=pk, person=colleague)
    single_sign_on.unlink_identity(identity, actor=request.actor)
    return _back(colleague)


def _back(colleague: User) -> HttpResponse:
    return redirect(f"/settings/people/{quote(colleague.login)}/sign-in/")
