"""Passkeys: added, renamed, removed, and used to sign in, alone or after a password.

The ceremony is WebAuthn's, checked by the library `fido2`. What a passkey signs is bound to our address, so a
look-alike site gains nothing. A passkey used alone must have recognised its person (a finger, a face, a PIN):
then it is two factors in one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.db.models import Q
from django.utils.translation import gettext as _
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from kezhi.accounts.models import Passkey, User
from kezhi.accounts.second_factors import after_removal, first_recovery_codes, only_oneself
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused

MOST: Final = 20
# A ceremony: what the browser is told, and what the session has to remember until it answers.
Ceremony = tuple[dict[str, Any], dict[str, Any]]


def begin_adding(person: User, origin: str) -> Ceremony:
    known = list(Passkey.objects.of(person.pk))
    handle = bytes(known[0].handle) if known else secrets.token_bytes(32)
    about, state = _server(origin).register_begin(
        PublicKeyCredentialUserEntity(id=handle, name=person.login, display_name=person.name),
        credentials=[_descriptor(passkey) for passkey in known],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(about), {**state, "handle": handle.hex()}


@audited("second_factor.added")
def add_passkey(
    person: User,
    state: Mapping[str, Any],
    answer: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    origin: str,
    name: str,
) -> list[str]:
    """Keep the public half. Returns recovery codes where there were none yet."""
    only_oneself(person, actor)
    note(kind="passkey")
    if person.passkeys.count() >= MOST:
        raise Refused(_("That's enough passkeys. Remove one that you don't use any more."))
    try:
        data = _server(origin).register_complete(state, answer)
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(_("The passkey wasn't accepted. Start again.")) from error
    credential = data.credential_data
    if credential is None:
        raise Refused(_("The passkey wasn't accepted. Start again."))
    if Passkey.objects.filter(credential_id=credential.credential_id).exists():
        raise Refused(_("This passkey is known already."))
    Passkey.objects.create(
        person=person,
        name=name.strip()[:60] or _("Passkey"),
        credential_id=credential.credential_id,
        handle=bytes.fromhex(state["handle"]),
        public_data=bytes(credential),
        uses=data.counter,
        added_at=at,
    )
    return first_recovery_codes(person)


@audited("passkey.renamed")
def rename_passkey(passkey: Passkey, name: str, *, actor: Actor) -> None:
    only_oneself(passkey.person, actor)
    if not name.strip():
        raise Refused(_("Give the passkey a name."))
    passkey.name = name.strip()[:60]
    passkey.save(update_fields=["name"])


@audited("second_factor.removed")
def remove_passkey(passkey: Passkey, *, actor: Actor) -> None:
    only_oneself(passkey.person, actor)
    note(kind="passkey", name=passkey.name)
    person = passkey.person
    Passkey.objects.filter(pk=passkey.pk).delete()
    after_removal(person)


def begin_proving(origin: str, person: User | None = None) -> Ceremony:
    """Ask for a passkey: one of the person's own, or, when nobody is known yet, any that is ours."""
    alone = person is None
    known = [] if person is None else [_descriptor(p) for p in Passkey.objects.of(person.pk)]
    about, state = _server(origin).authenticate_begin(
        credentials=known or None,
        user_verification=(
            UserVerificationRequirement.REQUIRED if alone else UserVerificationRequirement.PREFERRED
        ),
    )
    return dict(about), dict(state)


def prove(
    state: Mapping[str, Any],
    answer: Mapping[str, Any],
    *,
    at: datetime,
    origin: str,
    person: User | None = None,
) -> User:
    """Whose passkey answered. Raises `Refused`, in the same words for all that can be wrong."""
    wrong = Refused(_("The passkey wasn't accepted. Start again."))
    try:
        parsed = AuthenticationResponse.from_dict(answer)
        credential_id = websafe_decode(str(answer["rawId"]))
    except (ValueError, KeyError, TypeError) as error:
        raise wrong from error
    passkey = Passkey.objects.select_related("person").filter(credential_id=credential_id).first()
    if passkey is None or not passkey.person.is_active:
        raise wrong
    if person is not None and passkey.person_id != person.pk:
        raise wrong
    handle = parsed.response.user_handle
    if handle is not None and bytes(handle) != bytes(passkey.handle):
        raise wrong
    key = AttestedCredentialData(bytes(passkey.public_data))
    try:
        _server(origin).authenticate_complete(state, [key], answer)
    except (ValueError, KeyError, TypeError) as error:
        raise wrong from error
    if not _count(passkey, parsed.response.authenticator_data.counter, at):
        raise wrong
    return passkey.person


def _count(passkey: Passkey, uses: int, at: datetime) -> bool:
    """A device that counts must have counted on: else there are two of it."""
    rows = Passkey.objects.filter(pk=passkey.pk)
    if uses or passkey.uses:
        rows = rows.filter(Q(uses__lt=uses))
    return bool(rows.update(uses=uses, used_at=at))


def _server(origin: str) -> Fido2Server:
    host = urlsplit(origin).hostname or ""
    party = PublicKeyCredentialRpEntity(id=host, name="Kezhi")
    return Fido2Server(party, verify_origin=lambda asked: asked == origin)


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(
        type=PublicKeyCredentialType.PUBLIC_KEY, id=bytes(passkey.credential_id)
    )
