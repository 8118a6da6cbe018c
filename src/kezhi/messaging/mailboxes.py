"""Mailboxes are set up, tried, paused and given up. Passwords go in and never come out again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note, traced_by
from kezhi.core import queue
from kezhi.core.actor import Actor
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.messaging import connecting
from kezhi.messaging.connecting import MailTrouble
from kezhi.messaging.models import MailAccount, Outgoing
from kezhi.messaging.outbox import one_line

Purpose = MailAccount.Purpose
# What a form may set; everything else is ours.
SETTINGS = (
    "name", "address", "sender_name", "department", "folder", "timeline", "hourly_limit",
    "domain_hourly_limit", "smtp_host", "smtp_port", "smtp_security", "smtp_user",
    "imap_host", "imap_port", "imap_security", "imap_user",
)  # fmt: skip
SECRETS = ("smtp_password", "imap_password")
MOST_PER_HOUR = 100_000
LOOKS_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Trial:
    """How a try of both directions went: the name of a problem, or nothing; None where it isn't set up."""

    sending: str | None
    sending_said: str
    fetching: str | None
    fetching_said: str

    @property
    def is_good(self) -> bool:
        return not self.sending and not self.fetching


@audited("mail_account.added")
def add_mailbox(purpose: str, entries: dict[str, Any], *, actor: Actor, on: date) -> MailAccount:
    """One's own mailbox, or one of the company by who keeps those. Mail is fetched a month back."""
    if purpose not in Purpose.values:
        raise Refused(_("Choose what the mailbox is for."))
    account = MailAccount(purpose=purpose, fetches_since=on - LOOKS_BACK)
    if purpose == Purpose.PERSONAL:
        if not isinstance(actor, User) or not actor.may("create", "mail"):
            raise NotAllowed(_("Your role doesn’t send or read mail."))
        account.owner = actor
    elif not actor.may("create", "mail_account"):
        raise NotAllowed(_("Your role doesn’t set up mailboxes of the company."))
    is_taken = MailAccount.objects.filter(purpose=Purpose.NOTICES, is_active=True).exists()
    if purpose == Purpose.NOTICES and is_taken:
        raise Refused(_("There is a mailbox for notices. Change that one, or take it out of use."))
    _put(account, entries)
    account.save()
    note(purpose=purpose)
    return account


@audited("mail_account.changed")
def change_mailbox(
    account: MailAccount, entries: dict[str, Any], *, actor: Actor, on: date, version: int
) -> MailAccount:
    """Other settings; a password left empty stays as it is, unless its host changes.

    With another host, user or folder, fetching begins anew; nothing is kept twice.
    """
    account = _mine(account, actor)
    if account.version != version:
        raise EditConflict(_("Somebody changed this mailbox meanwhile. Check it and save again."))
    before = {name: getattr(account, name) for name in (*SETTINGS, "imap_sealed")}
    _put(account, entries)
    changed = sorted(name for name in SETTINGS if before[name] != getattr(account, name))
    if {"imap_host", "imap_user", "folder"} & set(changed):
        account.uid_validity, account.last_uid = None, 0
        account.fetches_since = on - LOOKS_BACK
    account.next_fetch_at, account.failures = None, 0
    account.version += 1
    account.save()
    note(fields=changed)
    return account


@audited("mail_account.paused")
def pause_mailbox(account: MailAccount, *, actor: Actor, is_paused: bool) -> MailAccount:
    """Nothing leaves and nothing is fetched until the pause is taken off."""
    account = _mine(account, actor)
    account.is_paused = is_paused
    account.save(update_fields=["is_paused"])
    note(paused=is_paused)
    return account


@audited("mail_account.retired")
def retire_mailbox(account: MailAccount, *, actor: Actor) -> MailAccount:
    """Out of use for good: nothing is sent or fetched, the passwords are gone; what came stays."""
    account = _mine(account, actor)
    account.is_active = False
    account.smtp_sealed = account.imap_sealed = ""
    account.version += 1
    account.save()
    return account


@traced_by("mail_account.changed")
def try_mailbox(account: MailAccount, *, actor: Actor, at: datetime) -> Trial:
    """Sign in to both servers, send and fetch nothing. What stands in the way is kept on the account."""
    if not MailAccount.objects.visible_to(actor, "edit").filter(pk=account.pk).exists():
        raise NotAllowed(_("This mailbox is somebody else’s."))
    sending = _tried(account, "smtp") if account.sends else None
    fetching = _tried(account, "imap") if account.fetches else None
    trial = Trial(
        sending.problem if sending else None,
        sending.said if sending else "",
        fetching.problem if fetching else None,
        fetching.said if fetching else "",
    )
    MailAccount.objects.filter(pk=account.pk).update(
        sending_problem=trial.sending or "",
        sending_said=trial.sending_said,
        fetching_problem=trial.fetching or "",
        fetching_said=trial.fetching_said,
        **({"next_fetch_at": None, "failures": 0} if not trial.fetching else {}),
    )
    return trial


@traced_by("mail_account.changed")
def fetch_now(account: MailAccount, *, actor: Actor) -> None:
    """Queue a look into the mailbox, whatever was decided about waiting."""
    reads = MailAccount.objects.visible_to(actor) | MailAccount.objects.visible_to(actor, "edit")
    if not reads.filter(pk=account.pk).exists():
        raise NotAllowed(_("This mailbox is somebody else’s."))
    MailAccount.objects.filter(pk=account.pk).update(next_fetch_at=None)
    queue.defer("messaging.fetch", queueing_lock=f"fetch-{account.pk}", account=account.pk)


def may_write_from(actor: Actor) -> Any:
    """The mailboxes that the actor may send letters from: their own, and the shared ones they work with."""
    return MailAccount.objects.visible_to(actor).active().exclude(smtp_host="")


def waiting_in(account: MailAccount) -> int:
    """Mail of this account that hasn't left, counted up to a thousand."""
    rows = Outgoing.objects.filter(account=account, state=Outgoing.State.WAITING)
    return int(rows[:1000].count())


def _tried(account: MailAccount, way: str) -> MailTrouble:
    try:
        if way == "smtp":
            connecting.smtp(account).quit()
        else:
            server = connecting.imap(account)
            try:
                if not server.folder_exists(account.folder):
                    return MailTrouble("folder")
            finally:
                server.logout()
    except MailTrouble as problem:
        return problem
    except Exception as error:
        return connecting.trouble(error, getattr(account, f"{way}_secret"))
    return MailTrouble("")


def _mine(account: MailAccount, actor: Actor) -> MailAccount:
    rows = MailAccount.objects.visible_to(actor, "edit").select_for_update(of=("self",))
    row = rows.filter(pk=account.pk).first()
    if row is None:
        raise NotAllowed(_("This mailbox is somebody else’s."))
    if not row.is_active:
        raise Refused(_("This mailbox is out of use."))
    return row


def _put(account: MailAccount, entries: dict[str, Any]) -> None:
    hosts = {way: getattr(account, f"{way}_host") for way in ("smtp", "imap")}
    for name in SETTINGS:
        if name in entries:
            new = entries[name]
            setattr(account, name, one_line(new) if isinstance(new, str) else new)
    for name in SECRETS:
        way = name.partition("_")[0]
        if entries.get(name):
            setattr(account, name, entries[name])
        elif hosts[way] and hosts[way] != getattr(account, f"{way}_host"):
            setattr(account, name, "")  # a password isn't told to another server
    if account.purpose != Purpose.SHARED:
        account.department = None
    _check(account)


def _check(account: MailAccount) -> None:
    if not account.name:
        raise Refused(_("Give the mailbox a name."))
    try:
        validate_email(account.address)
    except ValidationError as error:
        raise Refused(_("Enter the mailbox’s address, such as sales@example.cn.")) from error
    if not account.sends and not account.fetches:
        raise Refused(_("Enter the server for sending, the one for fetching, or both."))
    for way in ("smtp", "imap"):
        if not 0 < getattr(account, f"{way}_port") < 65536:
            raise Refused(_("A port is a number from 1 to 65535."))
        if getattr(account, f"{way}_security") not in MailAccount.Security.values:
            raise Refused(_("Choose an encryption."))
    for limit in (account.hourly_limit, account.domain_hourly_limit):
        if not 0 < limit <= MOST_PER_HOUR:
            raise Refused(_("A limit is a number from 1 to 100,000."))
    if account.timeline not in MailAccount.Timeline.values:
        raise Refused(_("Choose what of a letter stands on the timeline."))
