"""Integrations: programs outside that act for a person, within what the person may do, by tokens.

A token is shown once and kept as a digest. Whatever an integration holds ends together: its tokens here, and
what apps above hang on it (webhooks, sessions of assistants) through `on_revoking`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _

from kezhi.accounts.granting import grantable
from kezhi.accounts.models import ROWS_A_DAY, Integration, Token, User, person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Access, Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records.fields import FIELD_GROUPS

MARK = "kz_"
SHOWN = 10  # letters of a token by which people recognise it
MOST_NETWORKS = 50
MOST_ROWS_A_DAY = 100_000_000
LONGEST = timedelta(days=730)
# What no program is given, whoever its owner is, and where it may at most read.
NEVER = frozenset({"integration", "role", "demo", "reveal"})
ONLY_READ = frozenset({"user", "company"})
# How often a use is noted: who asks a hundred times a second shall not write as often.
NOTED_EVERY = timedelta(minutes=1)

# What apps above end when an integration ends; each returns how much that was.
on_revoking: list[Callable[[Integration], int]] = []


class BadToken(Exception):
    """No token of ours, or one that doesn't count (any more, or from there): the reasons look alike outside."""


class Issued(NamedTuple):
    """A new token with its text, which nobody sees again."""

    token: Token
    secret: str


def actor_of_token(secret: str, *, at: datetime, on: date, address: str) -> User:
    """The owner, cut down to what the integration was given (`actor.program`), as of this moment.

    Raises `BadToken`. Revocation, expiry and the owner's deactivation count from the next request.
    """
    if not secret.startswith(MARK) or len(secret) > 100:
        raise BadToken
    rows = Token.objects.select_related(
        "integration__owner__team", "integration__owner__department"
    )
    token = rows.filter(digest=_digest(secret)).first()
    if token is None or not token.is_living(at=at):
        raise BadToken
    integration = token.integration
    if not integration.is_in_use(on=on) or not integration.is_allowed_from(address):
        raise BadToken
    _note_use(token, address, at)
    owner: User = integration.owner
    owner.program = integration.program
    return owner


def _note_use(token: Token, address: str, at: datetime) -> None:
    if token.last_used_at is not None and at - token.last_used_at < NOTED_EVERY:
        return
    try:
        seen_from = str(ipaddress.ip_address(address))
    except ValueError:
        seen_from = None
    stale = Q(last_used_at=None) | Q(last_used_at__lt=at - NOTED_EVERY)
    Token.objects.filter(stale, pk=token.pk).update(last_used_at=at, last_used_from=seen_from)


@audited("integration.created")
def create_integration(
    fields: Mapping[str, Any], *, actor: Actor, on: date, owner: User | None = None
) -> Integration:
    """`fields` as of the model: name, purpose, grants, field_rules, networks, rows_a_day, expires_on."""
    if actor.program is not None or not actor.may("create", "integration"):
        raise NotAllowed(_("Your role doesn’t connect programs."))
    owner = owner or person(actor)
    if owner is None:
        raise Refused(_("Choose the colleague for whom it acts."))
    _only_as(owner, actor)
    integration = Integration(owner=owner, created_by=person(actor))
    _apply(integration, fields, actor=actor, on=on)
    integration.save()
    return integration


@audited("integration.changed")
def change_integration(
    integration: Integration, changes: Mapping[str, Any], *, actor: Actor, on: date
) -> Integration:
    """Rights changed here count from the next request of every token."""
    _manage(integration, actor, "edit")
    integration = Integration.objects.select_for_update().get(pk=integration.pk)
    if integration.revoked_at is not None:
        raise Refused(_("This integration was revoked. Set up a new one."))
    _apply(integration, changes, actor=actor, on=on)
    note(fields=sorted(changes))
    integration.save()
    return integration


@audited("token.issued")
def issue_token(integration: Integration, *, actor: Actor, at: datetime, on: date) -> Issued:
    """A new token beside those there are."""
    _manage(integration, actor, "edit")
    return _issue(_living(integration, on), actor, at)


@audited("token.rotated")
def rotate_token(
    integration: Integration,
    token: Token,
    *,
    actor: Actor,
    at: datetime,
    on: date,
    overlap: timedelta,
) -> Issued:
    """A new token; the former one counts on for `overlap`, while its program learns the new one."""
    _manage(integration, actor, "edit")
    kept = Token.objects.select_for_update().get(pk=token.pk, integration=integration)
    if not kept.is_living(at=at):
        raise Refused(_("This token doesn’t count any more. Make a new one."))
    until = at + overlap
    kept.expires_at = until if kept.expires_at is None else min(kept.expires_at, until)
    kept.save(update_fields=["expires_at"])
    note(prefix=kept.prefix, hours=int(overlap / timedelta(hours=1)))
    return _issue(_living(integration, on), actor, at)


@audited("token.revoked")
def revoke_token(integration: Integration, token: Token, *, actor: Actor, at: datetime) -> None:
    """It counts no more from now on."""
    _manage(integration, actor, "edit", or_owner=True)
    note(prefix=token.prefix)
    Token.objects.filter(pk=token.pk, integration=integration, revoked_at=None).update(
        revoked_at=at
    )


@audited("integration.revoked")
def revoke_integration(
    integration: Integration, *, actor: Actor, at: datetime, reason: str = ""
) -> int:
    """End everything the integration holds, for good; the number of things that ended."""
    _manage(integration, actor, "delete", or_owner=True)
    return _revoke(Integration.objects.select_for_update().get(pk=integration.pk), at)


def _revoke(integration: Integration, at: datetime) -> int:
    ended = Token.objects.filter(integration=integration, revoked_at=None).update(revoked_at=at)
    ended += sum(end(integration) for end in on_revoking)
    if integration.revoked_at is None:
        integration.revoked_at = at
        integration.save(update_fields=["revoked_at"])
    note(ended=ended)
    return ended


def _issue(integration: Integration, actor: Actor, at: datetime) -> Issued:
    secret = MARK + secrets.token_urlsafe(32)
    token = Token.objects.create(
        integration=integration,
        prefix=secret[:SHOWN],
        digest=_digest(secret),
        created_by=person(actor),
        created_at=at,
    )
    note(prefix=token.prefix)
    return Issued(token, secret)


def _digest(secret: str) -> str:
    # 256 random bits: a fast digest is enough, there is nothing to guess from.
    return hashlib.sha256(secret.encode()).hexdigest()


def _living(integration: Integration, on: date) -> Integration:
    kept: Integration = Integration.objects.select_related("owner").get(pk=integration.pk)
    if not kept.is_in_use(on=on):
        raise Refused(_("This integration isn’t in use any more: it ended, or its owner left."))
    return kept


def may_manage(integration: Integration, actor: Actor, action: str = "edit") -> bool:
    """Who holds a token acts as its owner: only the owner does it, or an owner of the company."""
    if actor.program is not None or not actor.may(action, "integration"):
        return False
    return integration.owner_id == actor.pk or _is_owner(actor)


def _is_owner(actor: Actor) -> bool:
    return bool(getattr(actor, "is_owner", actor.pk is None))


def _manage(integration: Integration, actor: Actor, action: str, *, or_owner: bool = False) -> None:
    is_mine = or_owner and actor.pk == integration.owner_id and actor.program is None
    if not (is_mine or may_manage(integration, actor, action)):
        raise NotAllowed(
            _("Only whom it acts for, or an owner of the company, changes this integration.")
        )


def _only_as(owner: User, actor: Actor) -> None:
    if not owner.is_active:
        raise Refused(_("Choose a colleague who works here."))
    if owner.pk != actor.pk and not _is_owner(actor):
        raise NotAllowed(_("Only an owner of the company connects a program for somebody else."))


def _apply(integration: Integration, fields: Mapping[str, Any], *, actor: Actor, on: date) -> None:
    if "name" in fields:
        integration.name = _text(fields["name"], 80)
    if "purpose" in fields:
        integration.purpose = _text(fields["purpose"], 300)
    if "grants" in fields:
        integration.grants = _fitting_grants(fields["grants"])
    if "field_rules" in fields:
        integration.field_rules = _fitting_levels(fields["field_rules"])
    if "networks" in fields:
        integration.networks = _networks(fields["networks"])
    if "rows_a_day" in fields:
        _set_quota(integration, fields["rows_a_day"], actor)
    if "expires_on" in fields:
        expires_on: date | None = fields["expires_on"]
        if expires_on is not None and not on <= expires_on <= on + LONGEST:
            raise Refused(_("Choose a last day between today and two years from now."))
        integration.expires_on = expires_on


def _text(text: Any, longest: int) -> str:
    text = str(text or "").strip()
    if not 0 < len(text) <= longest:
        raise Refused(_("Say its name and what it is for, in a few words."))
    return text


def givable() -> dict[str, tuple[str, ...]]:
    """By kind, the actions that a program may be given."""
    return {
        kind: tuple(action for action in actions if kind not in ONLY_READ or action == "read")
        for kind, actions in grantable().items()
        if kind not in NEVER
    }


def _fitting_grants(wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Only what exists; who may change something sees it, too."""
    known = givable()
    fitting: dict[str, list[str]] = {}
    for kind, actions in wanted.items():
        if kind not in known or set(actions) - set(known[kind]):
            raise Refused(_("There is no such permission."))
        if actions:
            chosen = set(actions) | ({"read"} if "read" in known[kind] else set())
            fitting[kind] = [action for action in known[kind] if action in chosen]
    return fitting


def _fitting_levels(wanted: Mapping[str, str]) -> dict[str, str]:
    levels = {level.name.lower() for level in Access}
    if set(wanted) - set(FIELD_GROUPS) or set(wanted.values()) - levels:
        raise Refused(_("There is no such group of fields."))
    return {group: level for group, level in wanted.items() if level != "edit"}


def _networks(wanted: Sequence[str]) -> list[str]:
    if len(wanted) > MOST_NETWORKS:
        raise Refused(_("At most %(count)d networks.") % {"count": MOST_NETWORKS})
    try:
        return [str(ipaddress.ip_network(text.strip(), strict=False)) for text in wanted]
    except ValueError as error:
        raise Refused(_("Write networks such as 203.0.113.0/24 or single addresses.")) from error


def _set_quota(integration: Integration, rows: int, actor: Actor) -> None:
    """More rows a day than everybody has is an owner's decision."""
    if not 0 < rows <= MOST_ROWS_A_DAY:
        raise Refused(_("Choose a number of rows from 1 to 100 million."))
    is_more = rows > max(ROWS_A_DAY, integration.rows_a_day)
    if is_more and not _is_owner(actor):
        raise NotAllowed(_("Only an owner of the company lets a program read more."))
    integration.rows_a_day = rows
