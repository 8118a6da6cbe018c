"""Leaving for an identity provider and coming back: to sign in, to link an account, or to confirm."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kezhi.accounts import open_id, signing_in, single_sign_on
from kezhi.accounts.models import IdentityProvider, User
from kezhi.accounts.open_id import Arrival
from kezhi.core.refusal import Refused
from kezhi.web.accounts.doors_second_step import onwards
from kezhi.web.accounts.security_confirming import way_on
from kezhi.web.origin import full_address
from kezhi.web.requests import PersonRequest

JOURNEY = "kezhi_journey"
SIGN_IN, LINK, CONFIRM = "sign_in", "link", "confirm"


@login_not_required
@never_cache
@require_POST
def leave(request: PersonRequest, slug: str) -> HttpResponse:
    """To the provider. A page that goes on by itself: a form's own redirect must stay on this site."""
    provider = _provider(slug)
    purpose = SIGN_IN
    if request.user.is_authenticated:
        purpose = CONFIRM if request.POST.get("purpose") == CONFIRM else LINK
        if purpose == LINK and not signing_in.is_fresh(request, at=timezone.now()):
            return redirect("/settings/security/confirm/")
    try:
        address, journey = open_id.departure(
            provider,
            back=_way_back(request, slug),
            at=timezone.now(),
            is_again=purpose == CONFIRM,
        )
    except Refused as refusal:
        return _stopped(request, refusal)
    request.session[JOURNEY] = {
        **journey,
        "purpose": purpose,
        "person": request.user.pk if request.user.is_authenticated else None,
        "next": way_on(request, "/settings/security/" if purpose == CONFIRM else "/"),
    }
    context = {"provider": provider, "address": address}
    return render(request, "accounts/leaving.html", context)


@login_not_required
@never_cache
@require_GET
def come_back(request: PersonRequest, slug: str) -> HttpResponse:
    provider, now = _provider(slug), timezone.now()
    journey: dict[str, Any] | None = request.session.pop(JOURNEY, None)
    try:
        if journey is None or journey["provider"] != slug:
            raise Refused(_("That took too long. Start again."))
        arrived = open_id.arrival(
            provider, journey, request.GET.dict(), back=_way_back(request, slug), at=now
        )
        return _arrived(request, provider, journey, arrived)
    except Refused as refusal:
        return _stopped(request, refusal)


def _arrived(
    request: PersonRequest, provider: IdentityProvider, journey: dict[str, Any], arrived: Arrival
) -> HttpResponse:
    now, wanted = timezone.now(), str(journey["next"])
    if journey["purpose"] == SIGN_IN:
        person = single_sign_on.person_of(provider, arrived, at=now)
        trusted = provider.is_second_factor_trusted
        step = signing_in.first_factor_proven(
            request, person, "single_sign_on", at=now, is_enough=trusted
        )
        return onwards(request, step, wanted)
    me = request.user
    if not isinstance(me, User) or me.pk != journey["person"]:
        raise Refused(_("You signed out meanwhile. Sign in, then start again."))
    if journey["purpose"] == LINK:
        single_sign_on.link_identity(
            me, arrived.issuer, arrived.subject, actor=me, at=now, shown_as=arrived.email
        )
        messages.success(request, _("From now on %(provider)s signs you in, too.")
                         % {"provider": provider.name})  # fmt: skip
        return redirect("/settings/security/")
    owns = me.external_identities.filter(issuer=arrived.issuer, subject=arrived.subject)
    if not arrived.has_just_signed_in or not owns.exists():
        raise Refused(_("%(provider)s didn't confirm that it's you.") % {"provider": provider.name})
    signing_in.confirm(request, me, "single_sign_on", at=now)
    return redirect(wanted)


def _stopped(request: PersonRequest, refusal: Refused) -> HttpResponse:
    context = {"refusal": refusal, "back": "/settings/security/" if request.actor else "/sign-in/"}
    return render(request, "accounts/single_sign_on_stopped.html", context, status=409)


def _provider(slug: str) -> IdentityProvider:
    provider = single_sign_on.provider_in_use(slug)
    if provider is None:
        raise Http404
    return provider


def _way_back(request: PersonRequest, slug: str) -> str:
    return full_address(request, f"/sign-in/with/{slug}/back/")
