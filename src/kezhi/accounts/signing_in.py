"""Signing in and out: a first factor, a second one where the person has or needs it, then a session.

Between the two factors nobody is signed in. The session only remembers who proved the first one, for ten
minutes; no page but the second step reads that. Guessing is slowed down per person and per network, for all
processes together; a passkey can't be guessed, and so stays open to its owner while others guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from kezhi.accounts.models import CodeApp, Company, SignInAttempt, User
from kezhi.accounts.models.sign_in_attempt import AttemptStep, login_key, network_of
from kezhi.accounts.session_store import DEVICE, SIGNED_IN_AT
from kezhi.audit.recording import record
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import Refused

BACKEND = "django.contrib.auth.backends.ModelBackend"
HALF = "kezhi_half_signed_in"
HALF_LIFE = timedelta(minutes=10)
CONFIRMED_AT = "kezhi_confirmed_at"
FRESH = timedelta(minutes=10)


class Step(StrEnum):
    """What still stands between a proven first factor and a session."""

    DONE = "done"
    SECOND_FACTOR = "second_factor"
    SET_UP = "set_up"


@dataclass(frozen=True, slots=True)
class HalfSignedIn:
    """Who proved a first factor in this session, by which means, and what is asked next."""

    person: User
    step: Step
    means: str


def sign_in(request: HttpRequest, name: str, password: str, *, at: datetime) -> Step:
    """Check a name and password. Raises `Refused`, in the same words for a wrong name and password."""
    person = check_name_and_password(request, name, password, at=at)
    return first_factor_proven(request, person, "password", at=at)


def check_name_and_password(
    request: HttpRequest, name: str, password: str, *, at: datetime
) -> User:
    """The person whose name and password these are; `Refused` after too many that weren't."""
    attempt = begin_attempt(request, name, AttemptStep.PASSWORD, at=at)
    person = authenticate(request, login=name, password=password)
    if not isinstance(person, User):
        record("sign_in.failed", actor=SYSTEM, login=name[:150], address=attempt.address or "")
        raise Refused(_("Name and password don't match. Check both and try again."))
    succeed(attempt)
    return person


def begin_attempt(
    request: HttpRequest, name: str, step: AttemptStep, *, at: datetime
) -> SignInAttempt:
    """Count a guess before it is looked at, so that guesses made at the same moment count each other."""
    address = request.META.get("REMOTE_ADDR") or None
    attempt = SignInAttempt.objects.create(
        login=login_key(name),
        step=step,
        address=address,
        network=network_of(address),
        failed_at=at,
    )
    if SignInAttempt.objects.too_many(attempt):
        attempt.delete()  # it wasn't looked at, so it tells a guesser nothing and doesn't count
        raise Refused(_("Too many failed attempts. Wait 15 minutes and try again."))
    return attempt


def succeed(attempt: SignInAttempt) -> None:
    """What was right clears the network's own failures; those of strangers elsewhere stay counted."""
    SignInAttempt.objects.filter(
        login=attempt.login, step=attempt.step, network=attempt.network
    ).delete()


def first_factor_proven(
    request: HttpRequest, person: User, means: str, *, at: datetime, is_enough: bool = False
) -> Step:
    """Sign in, or remember the first factor for the second step. `is_enough`: it was two factors in one."""
    if is_enough:
        step = Step.DONE
    elif has_second_factor(person):
        step = Step.SECOND_FACTOR
    else:
        step = Step.SET_UP if must_set_up(person) else Step.DONE
    if step is Step.DONE:
        begin_session(request, person, means, at=at)
        return step
    request.session.flush()
    request.session[HALF] = {
        "person": person.pk,
        "hash": person.get_session_auth_hash(),
        "at": at.timestamp(),
        "step": step,
        "means": means,
    }
    return step


def half_signed_in(request: HttpRequest, *, at: datetime) -> HalfSignedIn | None:
    """Who stands at the second step in this session; None when nobody does any more."""
    half: dict[str, Any] | None = request.session.get(HALF)
    if half is None or at.timestamp() - half["at"] > HALF_LIFE.total_seconds():
        return None
    person = User.objects.active().filter(pk=half["person"]).first()
    if person is None or not constant_time_compare(person.get_session_auth_hash(), half["hash"]):
        return None
    return HalfSignedIn(person, Step(half["step"]), half["means"])


def second_factor_proven(
    request: HttpRequest, half: HalfSignedIn, means: str, *, at: datetime
) -> None:
    begin_session(request, half.person, f"{half.means}+{means}", at=at)


def begin_session(request: HttpRequest, person: User, means: str, *, at: datetime) -> None:
    """A signed-in session under a new key; nothing that was in the visitor's session stays."""
    request.session.flush()
    login(request, person, backend=BACKEND)
    request.session[SIGNED_IN_AT] = at.timestamp()
    address = request.META.get("REMOTE_ADDR") or ""
    request.session[DEVICE] = {
        "address": address,
        "agent": request.headers.get("User-Agent", "")[:300],
        "means": means,
    }
    record("signed_in", actor=person, subject=person, address=address, means=means)


def has_second_factor(person: User) -> bool:
    return CodeApp.objects.filter(person=person).exists() or person.passkeys.exists()


def must_set_up(person: User) -> bool:
    """Whether the company asks this person's roles for a second factor."""
    company = Company.current()
    return (
        company is not None
        and company.is_second_factor_enforced
        and person.roles.filter(is_second_factor_required=True).exists()
    )


def is_fresh(request: HttpRequest, *, at: datetime) -> bool:
    """Whether the person proved lately who they are: by signing in, or once more since."""
    proven = max(
        request.session.get(SIGNED_IN_AT, 0.0),
        request.session.get(CONFIRMED_AT, 0.0),
    )
    return bool(at.timestamp() - proven < FRESH.total_seconds())


def confirm(request: HttpRequest, person: User, means: str, *, at: datetime) -> None:
    """The signed-in person proved once more who they are: ten minutes for what is sensitive."""
    request.session.cycle_key()
    request.session[CONFIRMED_AT] = at.timestamp()
    record("identity.confirmed", actor=person, subject=person, means=means)


def sign_out(request: HttpRequest) -> None:
    if isinstance(request.user, User):
        record("signed_out", actor=request.user, subject=request.user)
    logout(request)


def forget_old_attempts(*, at: datetime) -> None:
    """Failures older than a day tell nothing any more."""
    SignInAttempt.objects.filter(failed_at__lt=at - timedelta(days=1)).delete()
