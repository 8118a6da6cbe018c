"""Signing in to the portal: an own realm beside the colleagues' one, with the same brakes on guessing.

A session of the portal is a row of its own table under an own cookie. It is no session of the company's pages,
and theirs is none here.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import HttpRequest
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.accounts.models.sign_in_attempt import AttemptStep
from kezhi.accounts.signing_in import FRESH, begin_attempt, succeed
from kezhi.audit.recording import audited, note, record
from kezhi.core import queue
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.refusal import Refused
from kezhi.messaging.models import Outgoing
from kezhi.service.models import PortalAccount, PortalLink, PortalSession
from kezhi.service.models.portal_account import PortalSessionQuerySet
from kezhi.service.portal import second_factors
from kezhi.service.portal.actors import PortalActor
from kezhi.service.portal.linking import MAKER, RESET, digest_of, living_link, send_link

State = PortalAccount.State
SEEN_EVERY = timedelta(minutes=1)
LETTER_EVERY = timedelta(minutes=2)
MOST_SHOWN = 20
MOST_SESSIONS = 50


@dataclass(frozen=True, slots=True)
class Key:
    """What the browser gets, told this once, and the session it opens: whole, or with a step to go."""

    secret: str
    session: PortalSession


def sign_in(request: HttpRequest, login: str, password: str, *, at: datetime) -> Key:
    """Raises `Refused`, in the same words and after the same time for an unknown address."""
    attempt = begin_attempt(request, login, AttemptStep.PORTAL, at=at)
    accounts = PortalAccount.objects.active().select_related("contact", "customer")
    account = accounts.named(login).first()
    # Without an account the hash is made all the same: the time tells nothing.
    if not check_password(password, account.password if account else "") or account is None:
        record(
            "portal.sign_in_failed", actor=SYSTEM, login=login[:150], address=attempt.address or ""
        )
        raise Refused(_("Address and password don’t match. Check both and try again."))
    succeed(attempt)
    return begin_session(account, at=at, request=request, awaits=second_factors.awaited(account))


def prove(request: HttpRequest, half: PortalSession, typed: str, *, at: datetime) -> Key:
    """The second step: a code of the app or a recovery code. Raises `Refused`."""
    means = second_factors.check_code(request, half.account, typed, at=at)
    half.delete()
    return begin_session(half.account, at=at, request=request, means=f"password+{means}")


def set_up(
    request: HttpRequest, half: PortalSession, code: str, *, at: datetime
) -> tuple[Key, list[str]]:
    """The second step where the company asks for a factor that isn't there yet; with its recovery codes."""
    actor = PortalActor(half.account)
    codes = second_factors.add_code_app(half.account, half, code, actor=actor, at=at)
    half.delete()
    return begin_session(half.account, at=at, request=request, means="password+code"), codes


def begin_session(
    account: PortalAccount,
    *,
    at: datetime,
    request: HttpRequest,
    awaits: str = "",
    means: str = "password",
) -> Key:
    """A session under a new key; one that the browser had before is over."""
    secret = secrets.token_urlsafe(32)
    session = PortalSession.objects.create(
        account=account,
        digest=digest_of(secret),
        signed_in_at=at,
        confirmed_at=at,
        seen_at=at,
        expires_at=at + timedelta(seconds=settings.SESSION_COOKIE_AGE),
        address=request.META.get("REMOTE_ADDR") or None,
        agent=request.headers.get("User-Agent", "")[:300],
        awaits=awaits,
    )
    alike = account.sessions.exclude(awaits="") if awaits else account.sessions.filter(awaits="")
    too_many = alike.order_by("-seen_at").values_list("pk", flat=True)[MOST_SESSIONS:]
    PortalSession.objects.filter(pk__in=list(too_many)).delete()
    if awaits:
        return Key(secret, session)
    PortalAccount.objects.filter(pk=account.pk).update(signed_in_at=at)
    record(
        "portal.signed_in",
        actor=PortalActor(account),
        subject=account,
        address=str(session.address or ""),
        means=means,
    )
    return Key(secret, session)


def session_of(secret: str, *, at: datetime) -> PortalSession | None:
    """The living session of this key, with account, contact and customer; one query."""
    return _by_key(secret, PortalSession.objects.living(at=at))


def half_of(secret: str, *, at: datetime) -> PortalSession | None:
    """Who proved the password with this key and stands at the second step; for ten minutes."""
    return _by_key(secret, PortalSession.objects.half(at=at))


def _by_key(secret: str, sessions: PortalSessionQuerySet) -> PortalSession | None:
    if not secret:
        return None
    active = sessions.filter(
        digest=digest_of(secret),
        account__state=State.ACTIVE,
        account__contact__has_left=False,
        account__contact__customer_id=F("account__customer_id"),
    )
    return active.select_related("account__contact", "account__customer").first()


def note_visit(session: PortalSession, *, at: datetime) -> None:
    """Keep when the session was used; at most once a minute, one row by its key."""
    if at - session.seen_at >= SEEN_EVERY:
        PortalSession.objects.filter(pk=session.pk).update(seen_at=at)


def sign_out(session: PortalSession) -> None:
    record("portal.signed_out", actor=PortalActor(session.account), subject=session.account)
    session.delete()


def is_fresh(session: PortalSession, *, at: datetime) -> bool:
    """Whether the password was typed lately."""
    return at - session.confirmed_at < FRESH


def confirm(request: HttpRequest, session: PortalSession, password: str, *, at: datetime) -> Key:
    """The password once more: ten minutes for what is sensitive, under a new key."""
    _check_own_password(request, session.account, password, at)
    session.delete()
    return begin_session(session.account, at=at, request=request)


def sessions_of(actor: PortalActor, *, at: datetime) -> list[PortalSession]:
    living = PortalSession.objects.living(at=at).filter(account=actor.account)
    return list(living.order_by("-seen_at")[:MOST_SHOWN])


@audited("portal.session_ended")
def end_session(account: PortalAccount, reference: str, *, actor: PortalActor) -> None:
    for session in account.sessions.filter(account=actor.account):
        if session.reference == reference:
            session.delete()
            return
    raise Refused(_("This session has ended already."))


@audited("portal.sessions_ended")
def end_sessions(account: PortalAccount, *, actor: PortalActor) -> int:
    """All sessions of one's own account, this one too."""
    ended = account.sessions.filter(account=actor.account).delete()[0]
    note(sessions=ended)
    return ended


@audited("portal.password_set")
def use_link(
    account: PortalAccount, token: str, password: str, *, actor: Actor, at: datetime
) -> None:
    """Set the password and spend the link: who was invited can sign in now. All sessions end."""
    row = PortalLink.objects.select_for_update().filter(digest=digest_of(token)).first()
    link = living_link(token, at=at) if row else None
    if link is None or link.account_id != account.pk:
        raise Refused(_("This link doesn't count any more. Ask for a new one."))
    current = PortalAccount.objects.select_for_update(of=("self",)).get(pk=account.pk)
    _set(current, password)
    if current.state == State.INVITED:
        current.state, current.activated_at = State.ACTIVE, at
    current.version += 1
    current.save()
    link.used_at = at
    link.save(update_fields=["used_at"])
    current.sessions.all().delete()


def change_password(
    request: HttpRequest, session: PortalSession, current: str, new: str, *, at: datetime
) -> Key:
    """One's own, by who knows the present one. All other sessions end, this one goes on under a new key."""
    _check_own_password(request, session.account, current, at)
    _renew(session.account, new, actor=PortalActor(session.account))
    return begin_session(session.account, at=at, request=request)


@audited("portal.password_changed")
def _renew(account: PortalAccount, password: str, *, actor: Actor) -> None:
    _set(account, password)
    account.version += 1
    account.save()
    account.sessions.all().delete()
    account.links.all().delete()


@audited("portal.language_set")
def set_language(account: PortalAccount, language: str, *, actor: PortalActor) -> None:
    """In which language one's own pages and letters are."""
    if account.pk != actor.account.pk or language not in dict(settings.LANGUAGES):
        raise Refused(_("Choose a language from the list."))
    PortalAccount.objects.filter(pk=account.pk).update(language=language)
    account.language = language


def ask_for_letter(request: HttpRequest, login: str, *, at: datetime) -> None:
    """Queue the same work for every address, known or not; a job finds out. Raises `Refused` never."""
    try:
        begin_attempt(request, login, AttemptStep.LETTER, at=at)
    except Refused:
        return  # told nobody: an answer of its own would tell how often somebody asked
    queue.defer("service.portal_letter", login=login[:254])


@audited("portal.letter_queued")
def send_letter(login: str, *, actor: Actor, at: datetime) -> bool:
    """A link to the account's own address, whatever was typed; whether there is such an account.

    Who was invited and let the link expire gets another one.
    """
    account = PortalAccount.objects.standing().named(login).first()
    if account is None or _is_on_its_way(account, at):
        note(sent=False)
        return False
    note(sent=True, account=account.pk)
    send_link(account, RESET, actor, at)
    return True


def _is_on_its_way(account: PortalAccount, at: datetime) -> bool:
    """A letter that waits to leave serves this wish too, and so does one that has just left."""
    waiting = Outgoing.objects.filter(
        about_kind="portal_account",
        about_id=account.pk,
        maker=MAKER,
        state__in=(Outgoing.State.WAITING, Outgoing.State.SENDING),
    )
    return (
        waiting.exists()
        or account.links.filter(used_at__isnull=True, made_at__gt=at - LETTER_EVERY).exists()
    )


def _set(account: PortalAccount, password: str) -> None:
    alike = User(login=account.login, name=account.contact.name, email=account.login)
    try:
        validate_password(password, alike)
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error
    account.password = make_password(password)


def _check_own_password(
    request: HttpRequest, account: PortalAccount, password: str, at: datetime
) -> None:
    attempt = begin_attempt(request, account.login, AttemptStep.PORTAL, at=at)
    if not check_password(password, account.password):
        raise Refused(_("This isn't your current password."))
    succeed(attempt)
