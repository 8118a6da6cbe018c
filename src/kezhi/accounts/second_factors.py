"""Codes from an app, and recovery codes for the day the device is lost: added, checked, removed.

Each code counts once. Who guesses codes has proved a password already, and is slowed down like who guesses
passwords.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.contrib.auth.hashers import check_password, make_password
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from kezhi.accounts.models import CodeApp, RecoveryCode, User
from kezhi.accounts.models.sign_in_attempt import AttemptStep
from kezhi.accounts.signing_in import begin_attempt, has_second_factor, must_set_up, succeed
from kezhi.audit.recording import audited, note, record
from kezhi.core.actor import SYSTEM, Actor, Scope
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.core.sealing import seal, unseal

SECONDS, DIGITS = 30, 6  # what every app shows unless told otherwise (RFC 6238)
LEEWAY = 1  # clocks differ: the code before and the one after count as well
RECOVERY_CODES = 10
# Without 0 and O, 1 and I: they are read off paper. 10 letters of 32 hold 50 bits.
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
RECOVERY_LENGTH = 10
PURPOSE = "code app"


def new_secret() -> str:
    """160 random bits, as apps want them typed."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def app_address(secret: str, login: str, company_name: str) -> str:
    """What the QR code says."""
    issuer = company_name or "Kezhi"
    label = quote(f"{issuer}:{login}")
    about = {"secret": secret, "issuer": issuer, "digits": DIGITS, "period": SECONDS}
    return f"otpauth://totp/{label}?{urlencode(about, quote_via=quote)}"


def code_at(secret: str, step: int) -> str:
    """RFC 4226 with SHA-1, which is what the apps know."""
    key = base64.b32decode(secret)
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_at(at: datetime) -> int:
    return int(at.timestamp()) // SECONDS


def matching_step(secret: str, code: str, *, at: datetime) -> int | None:
    """The step of time whose code this is; None when it is no code of now."""
    now = step_at(at)
    for step in range(now - LEEWAY, now + LEEWAY + 1):
        if constant_time_compare(code_at(secret, step), code):
            return step
    return None


def proven_step(secret: str, code: str, *, at: datetime) -> int:
    """The step of the first code, which proves that the app has the secret. Raises `Refused`."""
    step = matching_step(secret, code.replace(" ", ""), at=at)
    if step is None:
        raise Refused(
            _("The code doesn't match. Check the clock of your device and type the code of now.")
        )
    return step


@audited("second_factor.added")
def add_code_app(person: User, secret: str, code: str, *, actor: Actor, at: datetime) -> list[str]:
    """From now on the app's codes are asked for. Returns recovery codes where there were none yet."""
    only_oneself(person, actor)
    note(kind="code_app")
    step = proven_step(secret, code, at=at)
    CodeApp.objects.update_or_create(
        person=person,
        defaults={
            "secret": seal(secret, PURPOSE),
            "last_step": step,
            "added_at": at,
            "used_at": None,
        },
    )
    return first_recovery_codes(person)


@audited("second_factor.removed")
def remove_code_app(person: User, *, actor: Actor) -> None:
    only_oneself(person, actor)
    note(kind="code_app")
    CodeApp.objects.filter(person=person).delete()
    after_removal(person)


def after_removal(person: User) -> None:
    """Recovery codes stand for a second factor: without one they mean nothing."""
    if has_second_factor(person):
        return
    if must_set_up(person):
        raise Refused(
            _("Your company asks you for a second factor. Add another one before removing this.")
        )
    RecoveryCode.objects.filter(person=person).delete()


@audited("recovery_codes.renewed")
def renew_recovery_codes(person: User, *, actor: Actor) -> list[str]:
    """Ten new codes, to be shown once; the former ones are dead."""
    only_oneself(person, actor)
    if not has_second_factor(person):
        raise Refused(_("Add a second factor first; recovery codes stand in for it."))
    return _new_recovery_codes(person)


def first_recovery_codes(person: User) -> list[str]:
    """With the first factor come recovery codes; a further factor leaves those there are."""
    if RecoveryCode.objects.filter(person=person, used_at=None).exists():
        return []
    return _new_recovery_codes(person)


def _new_recovery_codes(person: User) -> list[str]:
    codes = new_codes()
    RecoveryCode.objects.filter(person=person).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(person=person, digest=make_password(code)) for code in codes
    )
    return as_written(codes)


def new_codes() -> list[str]:
    """Ten recovery codes, as they are hashed."""
    return [
        "".join(secrets.choice(LETTERS) for _letter in range(RECOVERY_LENGTH))
        for _code in range(RECOVERY_CODES)
    ]


def as_written(codes: list[str]) -> list[str]:
    return [f"{code[:5]}-{code[5:]}" for code in codes]


@audited("second_factors.reset")
def reset_second_factors(person: User, *, actor: Actor, reason: str) -> None:
    """For a colleague who lost them all: the next sign-in is by password alone, or leads to a new set-up."""
    must_help(person, actor)
    if not reason.strip():
        raise Refused(_("Say why: it is kept in the audit log."))
    CodeApp.objects.filter(person=person).delete()
    person.passkeys.all().delete()
    RecoveryCode.objects.filter(person=person).delete()
    person.sessions.all().delete()


def check_code(request: HttpRequest, person: User, typed: str, *, at: datetime) -> str:
    """Spend a code of the app or a recovery code; by which means it was. Raises `Refused`."""
    attempt = begin_attempt(request, person.login, AttemptStep.CODE, at=at)
    apps, codes = (rows.objects.filter(person=person) for rows in (CodeApp, RecoveryCode))
    means = spend(typed, apps, codes, PURPOSE, at=at)
    if means is None:
        record("second_factor.refused", actor=SYSTEM, subject=person, address=attempt.address or "")
        raise Refused(
            _("This code doesn't count, or was used before. Wait for the next one, then try again.")
        )
    succeed(attempt)
    return means


def spend(
    typed: str, apps: QuerySet[Any], codes: QuerySet[Any], purpose: str, *, at: datetime
) -> str | None:
    """By which means the typed code counts, once: that of an app whose secret was sealed for `purpose`, or a
    recovery code."""
    code = "".join(letter for letter in typed.upper() if letter.isalnum())
    return _spend_code(code, apps, purpose, at) or _spend_recovery_code(code, codes, at)


def _spend_code(code: str, apps: QuerySet[Any], purpose: str, at: datetime) -> str | None:
    if len(code) != DIGITS or not code.isascii() or not code.isdecimal():
        return None
    app = apps.first()
    step = matching_step(unseal(app.secret, purpose), code, at=at) if app else None
    if app is None or step is None:
        return None
    # The database decides who was first, so one code never lets two in.
    unspent = apps.filter(pk=app.pk, last_step__lt=step)
    return "code" if unspent.update(last_step=step, used_at=at) else None


def _spend_recovery_code(code: str, codes: QuerySet[Any], at: datetime) -> str | None:
    if len(code) != RECOVERY_LENGTH or not set(code) <= set(LETTERS):
        return None
    for kept in codes.filter(used_at=None):
        if check_password(code, kept.digest):
            unspent = codes.filter(pk=kept.pk, used_at=None)
            return "recovery" if unspent.update(used_at=at) else None
    return None


def are_codes_of(person: User, codes: list[str]) -> bool:
    """Whether these are the person's unspent recovery codes: only then are they written into a file."""
    plain = [code.replace("-", "") for code in codes]
    if len(plain) != RECOVERY_CODES or any(len(code) != RECOVERY_LENGTH for code in plain):
        return False
    kept = list(RecoveryCode.objects.filter(person=person).order_by("pk"))
    return len(kept) == len(plain) and all(
        check_password(code, row.digest) for code, row in zip(plain, kept, strict=True)
    )


def only_oneself(person: User, actor: Actor) -> None:
    if actor.pk != person.pk:
        raise NotAllowed(_("Each person keeps their own ways of signing in."))


def must_help(person: User, actor: Actor) -> None:
    """Helping someone back in is nearly being them: only those may who manage everyone."""
    if not may_help(person, actor):
        raise NotAllowed(_("Only an owner helps people to sign in."))


def may_help(person: User, actor: Actor) -> bool:
    if actor.scope("edit", "user") is not Scope.ALL:
        return False
    return not person.is_owner or bool(getattr(actor, "is_owner", actor.pk is None))
