"""Mailboxes that serve tickets: which they are, and how they are set up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import Department
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.messaging.models import MailAccount
from kezhi.service.models import ServiceMailbox, Ticket
from kezhi.service.models.service_mailbox import LANGUAGES

SETTINGS = ("department", "type", "language", "is_confirming")


@audited("service_mailbox.added")
def open_desk(
    account: MailAccount, entries: Mapping[str, Any], *, actor: Actor, at: datetime
) -> ServiceMailbox:
    """From now on the letters to this shared mailbox become tickets; what came before stays as it was filed."""
    demand(actor, "create")
    if account.purpose != MailAccount.Purpose.SHARED or not account.is_active:
        raise Refused(_("Choose a shared mailbox that is in use."))
    known = ServiceMailbox.objects.select_for_update().filter(account=account).first()
    if known is not None and known.is_active:
        raise Refused(_("This mailbox serves tickets already."))
    desk = known or ServiceMailbox(account=account)
    desk.is_active, desk.since = True, at
    _put(desk, entries)
    note(mailbox=account.name)
    return desk


@audited("service_mailbox.changed")
def change_desk(
    desk: ServiceMailbox, entries: Mapping[str, Any], *, actor: Actor, version: int
) -> ServiceMailbox:
    demand(actor, "edit")
    desk = ServiceMailbox.objects.select_for_update(of=("self",)).get(pk=desk.pk)
    if desk.version != version:
        raise EditConflict(_("Somebody changed this meanwhile. Check it and save again."))
    desk.version += 1
    _put(desk, entries)
    note(mailbox=desk.account.name)
    return desk


@audited("service_mailbox.ended")
def close_desk(desk: ServiceMailbox, *, actor: Actor) -> ServiceMailbox:
    """Its letters are filed with customers again, as those of other mailboxes; its tickets stay."""
    demand(actor, "delete")
    desk = ServiceMailbox.objects.select_for_update(of=("self",)).get(pk=desk.pk)
    desk.is_active = False
    desk.version += 1
    desk.save()
    note(mailbox=desk.account.name)
    return desk


def desk_of(account_id: int) -> ServiceMailbox | None:
    """How the mailbox serves tickets, if it does."""
    rows = ServiceMailbox.objects.select_related("account", "department")
    found: ServiceMailbox | None = rows.filter(account_id=account_id, is_active=True).first()
    return found


def desks_in_use() -> Any:
    """Those whose letters become tickets now."""
    rows = ServiceMailbox.objects.select_related("account", "department")
    return rows.filter(is_active=True, account__is_active=True).order_by("pk")


def sending_desk(department_id: int | None) -> ServiceMailbox | None:
    """The mailbox from which words about a ticket leave that didn't come to one: the department's, else the
    first."""
    able = list(desks_in_use().exclude(account__smtp_host="")[:100])
    own = (desk for desk in able if desk.department_id == department_id is not None)
    return next(own, able[0] if able else None)


def demand(actor: Actor, action: str) -> None:
    """Refused to whose role doesn't arrange how tickets come in."""
    if not actor.may(action, "intake"):
        raise NotAllowed(_("Your role doesn’t arrange how tickets come in."))


def _put(desk: ServiceMailbox, entries: Mapping[str, Any]) -> None:
    for name in SETTINGS:
        if name in entries:
            setattr(desk, name, entries[name])
    if desk.type not in Ticket.Type.values:
        raise Refused(_("Choose the type from the list."))
    if desk.language not in dict(LANGUAGES):
        raise Refused(_("Choose a language from the list."))
    if desk.department is not None and not isinstance(desk.department, Department):
        raise Refused(_("Choose a department from the list."))
    desk.save()
