"""Work given to another colleague, and what follows when that is taken back."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import Refused
from kezhi.customers.models import Customer, FollowUp, Standing
from kezhi.customers.placing import follow_place
from kezhi.messaging.noticing import notify


@audited("follow_up.assigned")
def assign_follow_up(
    follow_up: FollowUp, assignee: User, *, actor: Actor, on: date, reason: str = ""
) -> FollowUp:
    """Somebody else does it from now on."""
    follow_up = claim(follow_up, actor=actor, action="assign")
    if not assignee.is_active:
        raise Refused(_("Choose a colleague who works here to do it."))
    note(before=follow_up.assignee_id, after=assignee.pk)
    follow_up.assignee = assignee
    follow_up.version += 1
    follow_up.save()
    tell_assignee(follow_up, actor)
    return follow_up


def tell_assignee(follow_up: FollowUp, actor: Actor) -> None:
    """Whoever is to do it, unless they took it themselves."""
    words = {"what": follow_up.subject}
    notify([follow_up.assignee_id], "follow_up.assigned", by=actor, about=follow_up, words=words)


def follow_undo(pk: int, columns: frozenset[str]) -> None:
    """A customer came back to its former owner, or into being: what repeats its place follows."""
    customer = Customer.objects.filter(pk=pk).first()
    if customer is None:
        return
    Standing.objects.get_or_create(customer=customer, defaults=customer.place)
    if columns & {"owner_id", "team_id", "department_id"}:
        follow_place([pk])
