"""A customer, and all that belongs to it, shown to a colleague or a team for a while."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from kezhi.accounts import sharing
from kezhi.accounts.models import Share, Team, User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Customer
from kezhi.messaging.noticing import notify
from kezhi.records import Kind
from kezhi.workbench.bulk_changing import Verb


@audited("customer.shared")
def share_customer(
    customer: Customer,
    to: User | Team,
    *,
    actor: Actor,
    on: date,
    may_edit: bool = False,
    until: date | None = None,
    reason: str = "",
) -> None:
    """Let a colleague or a team see it, or work on it, though it isn't theirs; once more replaces the share."""
    _demand(actor, [customer.pk], may_edit)
    sharing.grant(
        [customer.pk], to, actor=actor, on=on, may_edit=may_edit, until=until, reason=reason
    )
    if isinstance(to, User):
        words = {"what": customer.name}
        notify([to.pk], "customer.shared", by=actor, about=customer, words=words)


@audited("customer.unshared")
def end_share(customer: Customer, share: Share, *, actor: Actor, on: date) -> None:
    """Taken back by whoever may share the customer, or given up by the colleague who has it."""
    if share.customer_id != customer.pk:
        raise NotAllowed(_("This share belongs to another customer."))
    if share.person_id != actor.pk and not may_share(customer, actor):
        raise NotAllowed(_("Your role doesn’t share this customer."))
    note(to=str(share))
    share.delete()


def may_share(customer: Customer, actor: Actor) -> bool:
    """What was shared with somebody they can't share on."""
    return shareable_by(actor).filter(pk=customer.pk).exists()


def shareable_by(actor: Actor) -> Any:
    """The customers that the actor may show to others: of their own reach, not those shared with them."""
    return Customer.objects.within(actor.scope("create", "share"), actor, "share")


def shares_of(customer: Customer) -> Any:
    """The shares in force or to come, with whom and by whom."""
    found = Share.objects.filter(customer_id=customer.pk)
    return found.select_related("person", "team", "granted_by").order_by("pk")


def _demand(actor: Actor, ids: list[int], may_edit: bool) -> None:
    if shareable_by(actor).filter(pk__in=ids).count() != len(set(ids)):
        raise NotAllowed(_("Your role doesn’t share this customer."))
    if may_edit:
        theirs = Customer.objects.within(actor.scope("edit", "customer"), actor, "share")
        if theirs.filter(pk__in=ids).count() != len(set(ids)):
            raise NotAllowed(_("You can’t let others do more with it than you may."))


# ---- many at once ----


def settings_of(
    to: User | Team, *, may_edit: bool, until: date | None, reason: str
) -> dict[str, Any]:
    """A share as the settings of a bulk run."""
    return {
        "person" if isinstance(to, User) else "team": to.pk,
        "may_edit": may_edit,
        "until": until.isoformat() if until else None,
        "reason": reason,
    }


def _share(
    kind: Kind,
    customer: Customer,
    settings: Mapping[str, Any],
    *,
    actor: Actor,
    on: date,
    at: datetime,
) -> bool:
    to = _side(settings)
    until = date.fromisoformat(settings["until"]) if settings["until"] else None
    may_edit, reason = settings["may_edit"], settings["reason"].strip()[:300]
    same = {"person": to} if isinstance(to, User) else {"team": to}
    same |= {"may_edit": may_edit, "until": until, "reason": reason, "since__lte": on}
    if (
        may_share(customer, actor)
        and Share.objects.filter(customer_id=customer.pk, **same).exists()
    ):
        return False
    share_customer(customer, to, actor=actor, on=on, may_edit=may_edit, until=until, reason=reason)
    return True


def _side(settings: Mapping[str, Any]) -> User | Team:
    side: User | Team | None
    if "person" in settings:
        side = User.objects.active().filter(pk=settings["person"]).first()
    else:
        side = Team.objects.filter(pk=settings["team"]).first()
    if side is None:
        raise Refused(_("Choose a colleague or a team."))
    return side


# On each of them the deed asks who may share it: less than whoever may read it.
SHARE = Verb(
    "share",
    pgettext_lazy("customer", "Share"),
    "read",
    _share,
    kinds=("customer",),
    needs=("create", "share"),
)
