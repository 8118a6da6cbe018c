"""Links to a password: written into the letter as it leaves, and kept nowhere else.

The outbox keeps what was sent. A link in it would open the account to whoever reads the outbox, so the text is
made at the moment of sending and emptied when the letter is settled.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from kezhi.accounts.models import Company
from kezhi.core.actor import Actor
from kezhi.messaging import outbox
from kezhi.messaging.letters import Link, Text
from kezhi.messaging.models import Outgoing
from kezhi.messaging.noticing import address
from kezhi.service.models import PortalAccount, PortalLink, PortalSettings

MAKER = "portal_link"
INVITATION, RESET = "invitation", "reset"
PATH = "/portal/link/{token}/"
# How long a letter of each sort may wait for a mail server that is away.
WAITS = {INVITATION: timedelta(days=1), RESET: timedelta(hours=1)}


def make_link(account: PortalAccount, *, at: datetime) -> str:
    """The token of a new link, told this once. An earlier link of the account is dead."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        PortalLink.objects.filter(account=account).delete()
        PortalLink.objects.create(
            account=account,
            digest=digest_of(token),
            state_digest=_state(account),
            made_at=at,
            expires_at=at + PortalLink.LIFE,
        )
    return token


def living_link(token: str, *, at: datetime) -> PortalLink | None:
    """The link of this token, while it still counts."""
    links = PortalLink.objects.filter(used_at__isnull=True, expires_at__gt=at)
    link = links.select_related("account__contact").filter(digest=digest_of(token)).first()
    if link is None or not PortalAccount.objects.standing().filter(pk=link.account_id).exists():
        return None
    return link if constant_time_compare(link.state_digest, _state(link.account)) else None


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _state(account: PortalAccount) -> str:
    facts = [str(account.pk), account.login, account.password]
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()


def send_link(account: PortalAccount, sort: str, actor: Actor, at: datetime) -> None:
    """A letter to the account's own address: an invitation, or the way to a new password."""
    subjects = {
        INVITATION: _("Your way into the customer portal"),
        RESET: _("A new password for the customer portal"),
    }
    outbox.send(
        to=[account.login],
        subject=subjects[sort],
        purpose=Outgoing.Purpose.NOTICE,
        actor=actor,
        at=at,
        about=account,
        customer_id=account.customer_id,
        maker=MAKER,
        details={"account": account.pk, "sort": sort},
        language=account.language,
        expires_at=at + WAITS[sort],
        is_automatic=True,
    )


def write_letter(outgoing: Outgoing, at: datetime) -> outbox.Made | None:
    """An invitation, or the way to a new password; nothing to who lost their account meanwhile."""
    accounts = PortalAccount.objects.standing().select_related("contact")
    account = accounts.filter(pk=outgoing.details.get("account") or 0).first()
    if account is None or not PortalSettings.current().is_open:
        return None
    company = Company.current()
    words = {"name": account.contact.name, "company": company.name if company else "Kezhi"}
    link = address(PATH.format(token=make_link(account, at=at)))
    is_new = account.state == PortalAccount.State.INVITED
    if is_new:
        subject = _("%(company)s invites you to its customer portal") % words
        told = _(
            "%(name)s, in our customer portal you see your matters with us, write to us and read our "
            "answers. Set a password, then sign in with this e-mail address."
        )
    else:
        subject = _("%(company)s: a new password for the customer portal") % words
        told = _("%(name)s, somebody asked for a new password for your account in our portal.")
    return outbox.Made(
        subject,
        [
            Text(told % words),
            Link(_("Set your password"), link),
            Text(
                _(
                    "The link works once, within 60 minutes. Whoever didn’t ask for it can ignore this "
                    "letter: nothing has changed."
                )
                if not is_new
                else _(
                    "The link works once, within 60 minutes. If it has expired, ask for another one on the "
                    "portal’s sign-in page."
                ),
                is_quiet=True,
            ),
        ],
    )


def forget_words(outgoing: Outgoing, at: datetime) -> None:
    """The letter has left, or never will: the link in it stays with who got it."""
    if outgoing.maker == MAKER:
        Outgoing.objects.filter(pk=outgoing.pk).update(text="", html="")
        outgoing.text = outgoing.html = ""


def register() -> None:
    outbox.MAKERS[MAKER] = write_letter
    outbox.ON_SETTLED.append(forget_words)
