"""Single sign-on: the providers an owner sets up, and who among our people is who there.

An account elsewhere is linked by its issuer and subject only. The same e-mail address proves nothing: it
never links an account, and where it belongs to a colleague already no second person is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from kezhi.accounts.models import ExternalIdentity, IdentityProvider, User
from kezhi.accounts.models.sign_in_attempt import login_key
from kezhi.accounts.open_id import SECRET_PURPOSE, Arrival, discover
from kezhi.accounts.organising import create_person
from kezhi.accounts.second_factors import must_help
from kezhi.audit.recording import audited, note
from kezhi.core.actor import SYSTEM, Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.core.sealing import seal

FROM_ENVIRONMENT = "environment"


def providers_in_use() -> list[IdentityProvider]:
    """What the sign-in page offers: the one of the environment, then those set up by owners."""
    named = provider_of_environment()
    return [*([named] if named else []), *IdentityProvider.objects.in_use()]


def provider_in_use(slug: str) -> IdentityProvider | None:
    return next((one for one in providers_in_use() if one.slug == slug), None)


def provider_of_environment() -> IdentityProvider | None:
    """The provider named by `KEZHI_SSO_ISSUER` and its siblings; it creates nobody and isn't stored."""
    known: Mapping[str, str] = settings.SINGLE_SIGN_ON
    if not known["issuer"]:
        return None
    return IdentityProvider(
        slug=FROM_ENVIRONMENT,
        name=known["name"] or urlsplit(known["issuer"]).hostname or known["issuer"],
        issuer=known["issuer"],
        client_id=known["client_id"],
        client_secret=seal(known["client_secret"], SECRET_PURPOSE)
        if known["client_secret"]
        else "",
    )


@audited("identity_provider.saved")
def save_provider(
    provider: IdentityProvider | None, fields: Mapping[str, Any], *, actor: Actor
) -> IdentityProvider:
    """Set up or change a provider. An empty `client_secret` keeps the present one."""
    _only_owners(actor)
    issuer = str(fields["issuer"]).strip()
    if fields["is_active"]:
        issuer = discover(issuer).issuer  # a wrong address is said now, not to the first colleague
    kept = provider or IdentityProvider(slug=_free_slug(str(fields["name"])))
    kept.name, kept.issuer = str(fields["name"]).strip(), issuer
    kept.client_id = str(fields["client_id"]).strip()
    if fields.get("client_secret"):
        kept.client_secret = seal(str(fields["client_secret"]), SECRET_PURPOSE)
    kept.allowed_domains = [domain.casefold() for domain in fields["allowed_domains"]]
    kept.creates_people = bool(fields["creates_people"])
    kept.default_role, kept.default_team = fields["default_role"], fields["default_team"]
    kept.is_second_factor_trusted = bool(fields["is_second_factor_trusted"])
    kept.is_active = bool(fields["is_active"])
    if kept.creates_people and not (kept.allowed_domains and kept.default_role):
        raise Refused(
            _("To create people by themselves, name their e-mail domains and their role.")
        )
    if kept.creates_people and kept.default_role and kept.default_role.key == "owner":
        raise Refused(_("Nobody becomes an owner by signing in. Choose another role."))
    kept.save()
    return kept


@audited("identity_provider.removed")
def remove_provider(provider: IdentityProvider, *, actor: Actor) -> None:
    """Nobody signs in by it any more; links to it stay, should it come back."""
    _only_owners(actor)
    IdentityProvider.objects.filter(pk=provider.pk).delete()


@audited("identity.linked")
def link_identity(
    person: User, issuer: str, subject: str, *, actor: Actor, at: datetime, shown_as: str = ""
) -> ExternalIdentity:
    """This account there is this person here: said by the person, signed in, or by an owner."""
    if actor.pk != person.pk:
        must_help(person, actor)
    subject = subject.strip()
    if not 0 < len(subject) <= 255:
        raise Refused(_("Enter the subject that the provider gives this person."))
    note(issuer=issuer)
    known = ExternalIdentity.objects.filter(issuer=issuer, subject=subject).first()
    if known is not None and known.person_id != person.pk:
        raise Refused(_("That account is linked to another colleague."))
    if known is not None:
        return known
    return ExternalIdentity.objects.create(
        person=person, issuer=issuer, subject=subject, shown_as=shown_as[:254], linked_at=at
    )


@audited("identity.unlinked")
def unlink_identity(identity: ExternalIdentity, *, actor: Actor) -> None:
    person = identity.person
    if actor.pk != person.pk:
        must_help(person, actor)
    note(issuer=identity.issuer)
    is_last = not person.external_identities.exclude(pk=identity.pk).exists()
    if is_last and actor.pk == person.pk and not _has_another_way(person):
        raise Refused(_("This is your only way in. Set a password or add a passkey first."))
    ExternalIdentity.objects.filter(pk=identity.pk).delete()


def person_of(provider: IdentityProvider, arrived: Arrival, *, at: datetime) -> User:
    """Who of us arrived; a new colleague where the provider may create them. Raises `Refused`."""
    known = ExternalIdentity.objects.select_related("person").filter(
        issuer=arrived.issuer, subject=arrived.subject
    )
    identity = known.first()
    if identity is not None:
        if not identity.person.is_active:
            raise _unknown()
        ExternalIdentity.objects.filter(pk=identity.pk).update(used_at=at)
        return identity.person
    if not provider.creates_people or not _may_be_created(provider, arrived):
        raise _unknown()
    return _created(provider, arrived, at)


def _may_be_created(provider: IdentityProvider, arrived: Arrival) -> bool:
    """Only a verified, plainly written address of a named domain that is nobody's yet."""
    email = arrived.email
    try:
        validate_email(email)
    except ValidationError:
        return False
    plain = email.isascii() and email.count("@") == 1
    domain = email.rpartition("@")[2].casefold()
    if not (arrived.is_email_verified and plain and domain in provider.allowed_domains):
        return False
    return not User.objects.filter(
        Q(email__iexact=email) | Q(login__iexact=email) | Q(login__iexact=login_key(email))
    ).exists()


def _created(provider: IdentityProvider, arrived: Arrival, at: datetime) -> User:
    role = provider.default_role
    if role is None:
        raise _unknown()
    try:
        with transaction.atomic():
            person = create_person(
                {
                    "login": arrived.email.casefold(),
                    "name": arrived.name or arrived.email.partition("@")[0],
                    "email": arrived.email,
                    "roles": [role.key],
                    "team": provider.default_team,
                    "password": None,
                },
                actor=SYSTEM,
            )
            ExternalIdentity.objects.create(
                person=person,
                issuer=arrived.issuer,
                subject=arrived.subject,
                shown_as=arrived.email,
                linked_at=at,
                used_at=at,
            )
    except IntegrityError as error:  # the same person in a second window, at the same moment
        raise _unknown() from error
    return person


def _unknown() -> Refused:
    return Refused(_(
        "This account isn't linked to anyone here. Sign in another way and link it on the page Security, "
        "or ask an owner of your company."
    ))  # fmt: skip


def _has_another_way(person: User) -> bool:
    return person.has_usable_password() or person.passkeys.exists()


def _only_owners(actor: Actor) -> None:
    if not actor.may("edit", "company"):
        raise NotAllowed(_("Only an owner changes how people sign in."))


def _free_slug(name: str) -> str:
    stem = slugify(name)[:30] or "sso"
    taken = set(IdentityProvider.objects.values_list("slug", flat=True)) | {FROM_ENVIRONMENT}
    return next(
        slug
        for slug in (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
        if slug not in taken
    )
