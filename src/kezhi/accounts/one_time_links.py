"""Invitations and resets by a link that is handed over: it sets a password once, and signs nobody in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from kezhi.accounts.models import LinkPurpose, OneTimeLink, User
from kezhi.accounts.models.one_time_link import LIFE
from kezhi.accounts.organising import set_password
from kezhi.accounts.second_factors import must_help
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused


@audited("link.made")
def make_link(person: User, *, actor: Actor, at: datetime) -> str:
    """The token of a new link, told this once. An earlier link of the person is dead.

    Who has no password yet is invited; who has one may set another. Either counts for 60 minutes.
    """
    must_help(person, actor)
    if not person.is_active:
        raise Refused(_("This person may not sign in. Allow it first."))
    purpose = LinkPurpose.RESET if person.has_usable_password() else LinkPurpose.INVITATION
    note(purpose=str(purpose))
    OneTimeLink.objects.filter(person=person).delete()
    token = secrets.token_urlsafe(32)
    OneTimeLink.objects.create(
        person=person,
        purpose=purpose,
        digest=_digest(token),
        state_digest=_state(person),
        made_by_id=actor.pk,
        made_at=at,
        expires_at=at + LIFE,
    )
    return token


@audited("link.withdrawn")
def withdraw_link(person: User, *, actor: Actor) -> None:
    must_help(person, actor)
    OneTimeLink.objects.filter(person=person).delete()


def living_link(token: str, *, at: datetime) -> OneTimeLink | None:
    """The link of this token, while it still counts."""
    found = OneTimeLink.objects.open(at=at).select_related("person").filter(digest=_digest(token))
    link: OneTimeLink | None = found.first()
    if link is None or not _counts(link):
        return None
    return link


@audited("link.used")
def use_link(person: User, token: str, password: str, *, actor: Actor, at: datetime) -> None:
    """Set the password and spend the link. All sessions of the person end."""
    link = OneTimeLink.objects.select_for_update().filter(digest=_digest(token)).first()
    current = living_link(token, at=at) if link else None
    if current is None or current.person_id != person.pk or actor.pk != person.pk:
        raise Refused(_("This link doesn't count any more. Ask for a new one."))
    set_password(current.person, password, actor=actor)
    current.used_at = at
    current.save(update_fields=["used_at"])
    current.person.sessions.all().delete()


def open_link_of(person: User, *, at: datetime) -> OneTimeLink | None:
    """For whoever manages people: whether a link is out, and until when."""
    link: OneTimeLink | None = OneTimeLink.objects.open(at=at).filter(person=person).first()
    if link is None:
        return None
    link.person = person
    return link if _counts(link) else None


def _counts(link: OneTimeLink) -> bool:
    return link.person.is_active and constant_time_compare(link.state_digest, _state(link.person))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _state(person: User) -> str:
    facts = [str(person.pk), person.login, person.email, person.password]
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()
