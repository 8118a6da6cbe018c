"""Portal accounts: contacts are invited, their reach is set, and their way in ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach
from kezhi.customers.models import Contact, Customer
from kezhi.service.models import (
    PortalAccount,
    PortalCodeApp,
    PortalLink,
    PortalSession,
    PortalSettings,
)
from kezhi.service.portal.linking import INVITATION, send_link
from kezhi.service.tickets.happening import moment
from kezhi.workbench.customizing.entering import demand_only, put

State, Reach = PortalAccount.State, PortalAccount.Reach
SETTABLE = frozenset({"contact", "reach", "language"})
LONGEST_LOGIN = 150  # as wrong guesses are counted by
LINKS_KEPT = timedelta(days=7)


@audited("portal_account.invited")
def invite(fields: Mapping[str, Any], *, actor: Actor, on: date) -> PortalAccount:
    """Invite a contact: `contact`, `reach`, `language`. A link goes to the contact's e-mail address, which
    becomes the account's own."""
    if not PortalSettings.current().is_open:
        raise Refused(_("The portal is closed. Open it in the settings first."))
    account = PortalAccount(created_by_id=actor.pk, invited_at=moment(None))
    demand_only(SETTABLE, fields, PortalAccount)
    put("portal_account", account, fields, actor)
    contact = _invited(account, actor)
    account.customer = contact.customer
    for name, entry in contact.customer.place.items():
        setattr(account, name, entry)
    _settle(account)
    account.login = contact.email.strip()
    if len(account.login) > LONGEST_LOGIN:
        raise Refused(_("This e-mail address is too long to sign in with."))
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        raise Refused(_("This e-mail address signs in to the portal already.")) from error
    note(contact=contact.pk, reach=account.reach)
    send_link(account, INVITATION, actor, account.invited_at)
    return account


@audited("portal_account.changed")
def change_account(
    account: PortalAccount,
    changes: Mapping[str, Any],
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
) -> PortalAccount:
    """What the account reaches, and its language. Whose it is and how they sign in stay."""
    account = claim(account, actor=actor, action="edit", version=version)
    demand_only(SETTABLE, changes, PortalAccount)
    if changes.get("contact", account.contact) != account.contact:
        raise Refused(_("An account stays with its contact. Invite the other one."))
    _demand_standing(account)
    note(fields=sorted(changes))
    put("portal_account", account, changes, actor)
    _settle(account)
    account.version += 1
    account.save()
    return account


@audited("portal_account.invited_again")
def invite_again(account: PortalAccount, *, actor: Actor, at: datetime) -> PortalAccount:
    """Another link to who hasn't come yet; the earlier one is dead as soon as this one leaves."""
    account = claim(account, actor=actor, action="edit")
    _demand_standing(account)
    if account.state != State.INVITED:
        raise Refused(_("They have a password already, and get a new one by themselves."))
    account.invited_at = at
    account.version += 1
    account.save()
    send_link(account, INVITATION, actor, at)
    return account


@audited("portal_account.ended")
def end_account(
    account: PortalAccount, *, actor: Actor, at: datetime, reason: str = ""
) -> PortalAccount:
    """They can't sign in any more, links and sessions end at once. What they wrote stays."""
    account = claim(account, actor=actor, action="edit")
    if account.state == State.ENDED:
        raise Refused(_("This account has ended already."))
    _end(account, at, reason)
    return account


@audited("portal_accounts.tidied")
def tidy_accounts(*, actor: Actor, at: datetime) -> int:
    """End the accounts of contacts who left or work elsewhere now; forget links and sessions that are over.

    Nobody waits for this to be shut out: such an account signs in nowhere from the moment of the change.
    """
    stranded = list(PortalAccount.objects.stranded()[:1_000])
    for account in stranded:
        _end(account, at, _("The contact left this customer."))
    idle_since = at - timedelta(seconds=settings.SESSION_IDLE_SECONDS)
    PortalSession.objects.filter(seen_at__lt=idle_since).delete()
    PortalSession.objects.filter(expires_at__lt=at).delete()
    PortalLink.objects.filter(expires_at__lt=at - LINKS_KEPT).delete()
    note(ended=len(stranded))
    return len(stranded)


def _end(account: PortalAccount, at: datetime, reason: str) -> None:
    account.state, account.ended_at = State.ENDED, at
    account.end_reason = reason.strip()[:200]
    account.password = ""
    account.version += 1
    account.save()
    account.sessions.all().delete()
    account.links.all().delete()
    PortalCodeApp.objects.filter(account=account).delete()
    account.recovery_codes.all().delete()


def _invited(account: PortalAccount, actor: Actor) -> Contact:
    if account.contact_id is None:
        raise Refused(_("Choose the contact to invite."))
    contact = account.contact
    if not may_reach(actor, "create", "portal_account", contact.customer):
        raise NotAllowed(_("Your role doesn't add this to that customer."))
    if not Contact.objects.visible_to(actor, "edit").filter(pk=contact.pk).exists():
        raise NotAllowed(_("Only who may edit the contact invites them."))
    if contact.has_left:
        raise Refused(_("This contact has left the customer."))
    if not contact.email.strip():
        raise Refused(_("This contact has no e-mail address. The invitation goes there."))
    return contact


def _settle(account: PortalAccount) -> None:
    if account.reach not in Reach.values:
        raise Refused(_("Choose what the account reaches."))
    if account.contact.customer.form == Customer.Form.PERSON:
        account.reach = Reach.CUSTOMER
    if account.language not in ("", *dict(settings.LANGUAGES)):
        raise Refused(_("Choose a language from the list."))


def _demand_standing(account: PortalAccount) -> None:
    if not PortalAccount.objects.standing().filter(pk=account.pk).exists():
        raise Refused(_("This account has ended, or its contact left the customer."))
