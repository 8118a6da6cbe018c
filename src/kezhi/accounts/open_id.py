"""OpenID Connect, the code flow with PKCE: where to send the browser, and who came back.

Whatever the provider says is checked: the issuer of the metadata and of the token, the signature by the
provider's published keys, audience, nonce, and times. Asked is only through `core.outbound`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import jwt
from django.utils.translation import gettext as _

from kezhi.accounts.models import IdentityProvider
from kezhi.core.outbound import Unreachable, fetch, may_be_asked
from kezhi.core.refusal import Refused
from kezhi.core.sealing import unseal

SCOPES = "openid email profile"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
MOST_SECONDS = 600  # between leaving for the provider and coming back
LEEWAY = 60
SECRET_PURPOSE = "identity provider"  # noqa: S105 (what the key is for)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who came back from a provider. Only `issuer` and `subject` say who it is."""

    issuer: str
    subject: str
    email: str
    is_email_verified: bool
    name: str
    has_just_signed_in: bool


@dataclass(frozen=True, slots=True)
class Metadata:
    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str
    takes_basic: bool


def departure(
    provider: IdentityProvider, *, back: str, at: datetime, is_again: bool = False
) -> tuple[str, dict[str, Any]]:
    """The provider's address for this browser, and what the session must know when it comes back.

    `is_again` asks the provider to check the person anew, whatever session they have there.
    """
    metadata = discover(provider.issuer)
    verifier = secrets.token_urlsafe(48)
    journey = {
        "provider": provider.slug,
        "state": secrets.token_urlsafe(32),
        "nonce": secrets.token_urlsafe(32),
        "verifier": verifier,
        "at": at.timestamp(),
        "is_again": is_again,
    }
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": back,
        "scope": SCOPES,
        "state": journey["state"],
        "nonce": journey["nonce"],
        "code_challenge": challenge.rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    if is_again:
        asked |= {"prompt": "login", "max_age": "0"}
    joint = "&" if "?" in metadata.authorization else "?"
    return f"{metadata.authorization}{joint}{urlencode(asked)}", journey


def arrival(
    provider: IdentityProvider,
    journey: Mapping[str, Any],
    answer: Mapping[str, str],
    *,
    back: str,
    at: datetime,
) -> Arrival:
    """Who came back with `answer`, the query of the address. Raises `Refused`."""
    if not secrets.compare_digest(answer.get("state", "").encode(), journey["state"].encode()):
        raise _broken()
    if at.timestamp() - journey["at"] > MOST_SECONDS:
        raise Refused(_("That took too long. Start again."))
    if answer.get("error"):
        raise Refused(_("%(provider)s didn't sign you in.") % {"provider": provider.name})
    metadata = discover(provider.issuer)
    if answer.get("iss", metadata.issuer) != metadata.issuer or not answer.get("code"):
        raise _broken()
    tokens = _tokens(provider, metadata, answer["code"], str(journey["verifier"]), back)
    claims = _claims(provider, metadata, str(tokens.get("id_token", "")), str(journey["nonce"]))
    if "email" not in claims and metadata.userinfo and tokens.get("access_token"):
        claims = {**_userinfo(metadata, str(tokens["access_token"]), claims["sub"]), **claims}
    signed_in_at = claims.get("auth_time")
    return Arrival(
        issuer=metadata.issuer,
        subject=claims["sub"],
        email=str(claims.get("email") or "")[:254],
        is_email_verified=claims.get("email_verified") is True,
        name=str(claims.get("name") or "")[:150],
        has_just_signed_in=isinstance(signed_in_at, int) and signed_in_at >= journey["at"] - LEEWAY,
    )


def discover(issuer: str) -> Metadata:
    """What the provider publishes about itself. Raises `Refused`."""
    about = _json_of(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if str(about.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        raise Refused(_("The issuer names itself differently: %(issuer)s. Enter exactly that.")
                      % {"issuer": str(about.get("issuer", ""))[:200]})  # fmt: skip
    methods = about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    found = Metadata(
        issuer=str(about["issuer"]),
        authorization=str(about.get("authorization_endpoint", "")),
        token=str(about.get("token_endpoint", "")),
        keys=str(about.get("jwks_uri", "")),
        userinfo=str(about.get("userinfo_endpoint", "")),
        takes_basic="client_secret_basic" in methods,
    )
    if not all(may_be_asked(url) for url in (found.authorization, found.token, found.keys)):
        raise _no_answer()
    return found


def _tokens(
    provider: IdentityProvider, metadata: Metadata, code: str, verifier: str, back: str
) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "code_verifier": verifier,
        "client_id": provider.client_id,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    secret = unseal(provider.client_secret, SECRET_PURPOSE) if provider.client_secret else ""
    if secret and metadata.takes_basic:
        pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    elif secret:
        form["client_secret"] = secret
    return _json_of(metadata.token, data=urlencode(form).encode(), headers=headers)


def _claims(
    provider: IdentityProvider, metadata: Metadata, token: str, nonce: str
) -> dict[str, Any]:
    """What a token says whose signature, issuer, audience, times and nonce are right."""
    try:
        keys = jwt.PyJWKSet.from_dict(_json_of(metadata.keys))
        kid = jwt.get_unverified_header(token).get("kid")
        key = next(k for k in keys.keys if kid is None or k.key_id == kid)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            audience=provider.client_id,
            issuer=metadata.issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except (jwt.PyJWTError, StopIteration) as error:
        raise _broken() from error
    audience = claims["aud"]
    others = isinstance(audience, list) and len(audience) > 1
    if others and claims.get("azp") != provider.client_id:
        raise _broken()
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise _broken()
    if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise _broken()
    return claims


def _userinfo(metadata: Metadata, access_token: str, subject: str) -> dict[str, Any]:
    """More about the same person; about another one it counts as nothing."""
    about = _json_of(metadata.userinfo, headers={"Authorization": f"Bearer {access_token}"})
    return about if about.get("sub") == subject else {}


def _json_of(
    url: str, *, data: bytes | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    try:
        answer = fetch(url, data=data, headers=headers)
        found = json.loads(answer.body) if answer.status == 200 else None
    except (Unreachable, ValueError) as error:
        raise _no_answer() from error
    if not isinstance(found, dict):
        raise _no_answer()
    return found


def _no_answer() -> Refused:
    return Refused(_("The identity provider doesn't answer as it should. Check its address."))


def _broken() -> Refused:
    return Refused(_("The answer of the identity provider doesn't fit. Start again."))
