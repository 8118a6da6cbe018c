"""The second factor of a portal account: codes of an app, and recovery codes for the day the app is lost.

Each account chooses it by itself, unless the company asks for one. Guesses are counted apart from colleagues'.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.translation import gettext as _

from kezhi.accounts import second_factors
from kezhi.accounts.models.sign_in_attempt import AttemptStep
from kezhi.accounts.signing_in import begin_attempt, succeed
from kezhi.audit.recording import audited, record
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.core.sealing import Unreadable, seal, unseal
from kezhi.service.models import (
    PortalAccount,
    PortalCodeApp,
    PortalRecoveryCode,
    PortalSession,
    PortalSettings,
)
from kezhi.service.portal.actors import PortalActor

PURPOSE, TO_BE = "portal code app", "portal code app to be"


def app_of(account: PortalAccount) -> PortalCodeApp | None:
    return PortalCodeApp.objects.filter(account=account).first()


def codes_left(account: PortalAccount) -> int:
    return PortalRecoveryCode.objects.filter(account=account, used_at=None).count()


def awaited(account: PortalAccount) -> PortalSession.Awaits:
    """What stands between this account's password and its pages."""
    if app_of(account) is not None:
        return PortalSession.Awaits.CODE
    is_asked = PortalSettings.current().asks_second_factor
    return PortalSession.Awaits.SET_UP if is_asked else PortalSession.Awaits.NOTHING


def kept_secret(session: PortalSession) -> str:
    """What the app is to read: the same while the page is open, so that reloading doesn't outdate it."""
    try:
        return unseal(session.code_secret, TO_BE)
    except Unreadable:
        secret = second_factors.new_secret()
        session.code_secret = seal(secret, TO_BE)
        PortalSession.objects.filter(pk=session.pk).update(code_secret=session.code_secret)
        return secret


@audited("portal.second_factor_added")
def add_code_app(
    account: PortalAccount, session: PortalSession, code: str, *, actor: PortalActor, at: datetime
) -> list[str]:
    """From now on sign-ins ask for the app's code; another app takes the place of the former. Returns ten new
    recovery codes, told this once. Other sessions end."""
    _only_oneself(account, actor)
    secret = kept_secret(session)
    step = second_factors.proven_step(secret, code, at=at)
    PortalCodeApp.objects.update_or_create(
        account=account,
        defaults={
            "secret": seal(secret, PURPOSE),
            "last_step": step,
            "added_at": at,
            "used_at": None,
        },
    )
    PortalSession.objects.filter(pk=session.pk).update(code_secret="")
    account.sessions.exclude(pk=session.pk).delete()
    return _new_codes(account)


@audited("portal.second_factor_removed")
def remove_code_app(account: PortalAccount, *, actor: PortalActor) -> None:
    """The password alone signs in again."""
    _only_oneself(account, actor)
    if PortalSettings.current().asks_second_factor:
        raise Refused(
            _("Here everybody signs in with a second factor. You can set up another app.")
        )
    if not PortalCodeApp.objects.filter(account=account).delete()[0]:
        raise Refused(_("No app is set up."))
    PortalRecoveryCode.objects.filter(account=account).delete()


@audited("portal.recovery_codes_renewed")
def renew_codes(account: PortalAccount, *, actor: PortalActor) -> list[str]:
    """Ten new codes, told this once; the former ones are dead."""
    _only_oneself(account, actor)
    if app_of(account) is None:
        raise Refused(_("Add a second factor first; recovery codes stand in for it."))
    return _new_codes(account)


@audited("portal_account.second_factor_reset")
def reset(account: PortalAccount, *, actor: Actor, reason: str) -> PortalAccount:
    """For who lost app and codes: the next sign-in is by password alone, or leads to a new set-up."""
    account = claim(account, actor=actor, action="edit")
    if not reason.strip():
        raise Refused(_("Say why: it is kept in the audit log."))
    if not PortalCodeApp.objects.filter(account=account).delete()[0]:
        raise Refused(_("This account has no second factor."))
    PortalRecoveryCode.objects.filter(account=account).delete()
    account.sessions.all().delete()
    return account


def check_code(request: HttpRequest, account: PortalAccount, typed: str, *, at: datetime) -> str:
    """Spend a code of the app or a recovery code; by which means it was. Raises `Refused`."""
    attempt = begin_attempt(request, account.login, AttemptStep.PORTAL_CODE, at=at)
    apps = PortalCodeApp.objects.filter(account=account)
    codes = PortalRecoveryCode.objects.filter(account=account)
    means = second_factors.spend(typed, apps, codes, PURPOSE, at=at)
    if means is None:
        record("portal.code_refused", actor=SYSTEM, subject=account, address=attempt.address or "")
        raise Refused(
            _("This code doesn't count, or was used before. Wait for the next one, then try again.")
        )
    succeed(attempt)
    return means


def _new_codes(account: PortalAccount) -> list[str]:
    codes = second_factors.new_codes()
    PortalRecoveryCode.objects.filter(account=account).delete()
    PortalRecoveryCode.objects.bulk_create(
        PortalRecoveryCode(account=account, digest=make_password(code)) for code in codes
    )
    return second_factors.as_written(codes)


def _only_oneself(account: PortalAccount, actor: PortalActor) -> None:
    if actor.account.pk != account.pk:
        raise NotAllowed(_("Each person keeps their own ways of signing in."))
