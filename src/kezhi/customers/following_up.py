"""Follow-ups and the lines of the timeline."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import audited
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach
from kezhi.customers.models import Contact, Customer, FollowUp, Interaction


@audited("interaction.logged")
def log_interaction(
    customer: Customer,
    channel: str,
    text: str,
    *,
    actor: Actor,
    at: datetime,
    contact: Contact | None = None,
) -> Interaction:
    """Put a call, visit, message or note on the customer's timeline."""
    if not may_reach(actor, "create", "interaction", customer):
        raise NotAllowed(_("Your role doesn't write on this customer's timeline."))
    if not text.strip():
        raise Refused(_("Write what happened before you save."))
    return Interaction.objects.create(
        customer=customer,
        contact=contact,
        channel=channel,
        text=text.strip(),
        at=at,
        author=actor if isinstance(actor, User) else None,
        **customer.place,
    )


@audited("follow_up.planned")
def plan_follow_up(fields: dict[str, Any], *, actor: Actor, on: date) -> FollowUp:
    """Something to do with a customer by `due_on`; for oneself unless an assignee is named."""
    customer: Customer = fields["customer"]
    if not may_reach(actor, "create", "follow_up", customer):
        raise NotAllowed(_("Your role doesn't plan follow-ups for this customer."))
    assignee = fields.get("assignee") or actor
    if not isinstance(assignee, User) or not assignee.is_active:
        raise Refused(_("Choose a colleague who works here to do it."))
    return FollowUp.objects.create(
        **{**fields, "assignee": assignee},
        team_id=customer.team_id,
        department_id=customer.department_id,
        created_by_id=actor.pk,
    )


@audited("follow_up.changed")
def change_follow_up(
    follow_up: FollowUp,
    changes: dict[str, Any],
    *,
    actor: Actor,
    on: date,
    version: int | None = None,
) -> FollowUp:
    follow_up = claim(follow_up, actor=actor, action="edit", version=version)
    if "customer" in changes and not may_reach(actor, "create", "follow_up", changes["customer"]):
        raise NotAllowed(_("Your role doesn't plan follow-ups for this customer."))
    for name, new in changes.items():
        setattr(follow_up, name, new)
    follow_up.team_id = follow_up.customer.team_id
    follow_up.department_id = follow_up.customer.department_id
    follow_up.version += 1
    follow_up.save()
    return follow_up


@audited("follow_up.done")
def complete_follow_up(
    follow_up: FollowUp, *, actor: Actor, at: datetime, outcome: str = ""
) -> FollowUp:
    """Mark it done; doing so twice changes nothing."""
    follow_up = claim(follow_up, actor=actor, action="edit")
    if not follow_up.is_done:
        follow_up.done_at, follow_up.outcome = at, outcome.strip()[:500]
        follow_up.done_by = actor if isinstance(actor, User) else None
        follow_up.version += 1
        follow_up.save()
    return follow_up


@audited("follow_up.reopened")
def reopen_follow_up(follow_up: FollowUp, *, actor: Actor, at: datetime) -> FollowUp:
    """Undo of `complete_follow_up`."""
    follow_up = claim(follow_up, actor=actor, action="edit")
    follow_up.done_at = follow_up.done_by = None
    follow_up.outcome = ""
    follow_up.version += 1
    follow_up.save()
    return follow_up


@audited("follow_up.deleted")
def delete_follow_up(follow_up: FollowUp, *, actor: Actor, on: date) -> None:
    claim(follow_up, actor=actor, action="delete").delete()
