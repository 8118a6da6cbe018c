"""Signing in and out. Guessing is slowed down per name and per address, for all processes together."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest
from django.utils.translation import gettext as _

from kezhi.accounts.models import SignInAttempt, User
from kezhi.audit.recording import record
from kezhi.core.actor import SYSTEM
from kezhi.core.refusal import Refused


def sign_in(request: HttpRequest, name: str, password: str, *, at: datetime) -> User:
    """Start a session with a new key. Raises `Refused`, in the same words for a wrong name and password."""
    address = request.META.get("REMOTE_ADDR") or None
    if SignInAttempt.objects.too_many(login=name, address=address, at=at):
        raise Refused(_("Too many failed attempts. Wait 15 minutes and try again."))
    person = authenticate(request, login=name, password=password)
    if not isinstance(person, User):
        SignInAttempt.objects.create(login=name.lower()[:150], address=address, failed_at=at)
        record("sign_in.failed", actor=SYSTEM, login=name[:150], address=address or "")
        raise Refused(_("Name and password don't match. Check both and try again."))
    login(request, person)
    SignInAttempt.objects.filter(login=name.lower()).delete()
    record("signed_in", actor=person, subject=person, address=address or "")
    return person


def sign_out(request: HttpRequest) -> None:
    if isinstance(request.user, User):
        record("signed_out", actor=request.user, subject=request.user)
    logout(request)


def forget_old_attempts(*, at: datetime) -> None:
    """Failures older than a day tell nothing any more."""
    SignInAttempt.objects.filter(failed_at__lt=at - timedelta(days=1)).delete()
