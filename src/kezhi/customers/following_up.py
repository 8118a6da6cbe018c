"""Follow-ups and the lines of the timeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import User, person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor, Scope
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.assigning import tell_assignee
from kezhi.customers.creating import may_reach
from kezhi.customers.mentioning import keep_mentions
from kezhi.customers.models import Contact, Customer, FollowUp, Interaction
from kezhi.workbench.customizing.entering import put, settle

MOST_PINNED = 5
# Higher apps say why a customer isn't to be sold anything now (the customer's id → a sentence, or "").
troubles: list[Callable[[int], str]] = []


class NeedsReason(Refused):
    """The customer has trouble with us that isn't settled: who plans something all the same says why."""


def trouble_of(customer_id: int) -> str:
    """What stands against selling to this customer now; "" where nothing does."""
    return " ".join(found for ask in troubles if (found := ask(customer_id)))


@audited("interaction.logged")
def log_interaction(
    customer: Customer,
    channel: str,
    text: str,
    *,
    actor: Actor,
    at: datetime,
    contact: Contact | None = None,
    entries: Mapping[str, Any] | None = None,
) -> Interaction:
    """Put a call, visit, message or note on the customer's timeline; `entries` of the company's own fields."""
    if not may_reach(actor, "create", "interaction", customer):
        raise NotAllowed(_("Your role doesn't write on this customer's timeline."))
    if not text.strip():
        raise Refused(_("Write what happened before you save."))
    _check_contact(customer, contact)
    interaction = Interaction(
        customer=customer,
        contact=contact,
        channel=channel,
        text=text.strip(),
        at=at,
        author=person(actor),
        **customer.place,
    )
    if entries:
        put("interaction", interaction, entries, actor)
    interaction.save()
    keep_mentions(interaction)
    return interaction


@audited("interaction.edited")
def edit_interaction(
    interaction: Interaction,
    changes: dict[str, Any],
    *,
    actor: Actor,
    at: datetime,
    version: int | None = None,
) -> Interaction:
    """One's own entry put right: `text`, `channel`, `contact`, own fields. It says that it was edited."""
    interaction = claim(interaction, actor=actor, action="edit", version=version)
    if interaction.author_id != actor.pk:
        raise NotAllowed(_("Only who wrote an entry changes it."))
    note(fields=sorted(changes))
    put("interaction", interaction, changes, actor)
    if not interaction.text.strip():
        raise Refused(_("Write what happened before you save."))
    _check_contact(interaction.customer, interaction.contact)
    interaction.text = interaction.text.strip()
    interaction.edited_at = at
    interaction.version += 1
    interaction.save()
    keep_mentions(interaction)
    return interaction


@audited("interaction.deleted")
def delete_interaction(interaction: Interaction, *, actor: Actor, on: date) -> None:
    """One's own entry, or another's by who answers for a department."""
    interaction = claim(interaction, actor=actor, action="delete")
    answers = actor.scope("delete", "interaction") >= Scope.DEPARTMENT
    if interaction.author_id != actor.pk and not answers:
        raise NotAllowed(_("Only who wrote an entry deletes it."))
    interaction.delete()


@audited("interaction.pinned")
def pin_interaction(interaction: Interaction, *, actor: Actor, is_pinned: bool) -> Interaction:
    """Keep an entry on top of the timeline for everybody, or let it go."""
    interaction = claim(interaction, actor=actor, action="edit")
    note(pinned=is_pinned)
    pinned = Interaction.objects.filter(customer_id=interaction.customer_id, is_pinned=True)
    if is_pinned and pinned.exclude(pk=interaction.pk).count() >= MOST_PINNED:
        raise Refused(
            _("%(most)s entries are pinned already. Unpin one first.") % {"most": MOST_PINNED}
        )
    interaction.is_pinned = is_pinned
    interaction.save(update_fields=["is_pinned"])
    return interaction


def _check_contact(customer: Customer, contact: Contact | None) -> None:
    if contact is not None and contact.customer_id != customer.pk:
        raise Refused(_("Choose a contact of this customer."))


@audited("follow_up.planned")
def plan_follow_up(
    fields: dict[str, Any], *, actor: Actor, on: date, is_selling: bool = True
) -> FollowUp:
    """Something to do with a customer by `due_on`; for oneself unless an assignee is named.

    While the customer has trouble with us, `despite` says why it is planned now (`NeedsReason`). Care and
    service (`is_selling` false) need no reason.
    """
    customer: Customer = fields["customer"]
    if not may_reach(actor, "create", "follow_up", customer):
        raise NotAllowed(_("Your role doesn't plan follow-ups for this customer."))
    if is_selling:
        _demand_reason(customer.pk, str(fields.get("despite") or ""))
    assignee = fields.get("assignee") or actor
    if not isinstance(assignee, User) or not assignee.is_active:
        raise Refused(_("Choose a colleague who works here to do it."))
    follow_up = FollowUp(
        team_id=customer.team_id, department_id=customer.department_id, created_by_id=actor.pk
    )
    put("follow_up", follow_up, {**fields, "assignee": assignee}, actor)
    follow_up.save()
    tell_assignee(follow_up, actor)
    return follow_up


def _demand_reason(customer_id: int, despite: str) -> None:
    if (trouble := trouble_of(customer_id)) and not despite.strip():
        raise NeedsReason(trouble + " " + _("Say why you plan this all the same."))
    if despite.strip():
        note(despite=despite.strip()[:300])


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
    if "customer" in changes and changes["customer"] != follow_up.customer:
        despite = changes.get("despite", follow_up.despite)
        _demand_reason(changes["customer"].pk, str(despite or ""))
    before = follow_up.assignee_id
    put("follow_up", follow_up, changes, actor)
    follow_up.team_id = follow_up.customer.team_id
    follow_up.department_id = follow_up.customer.department_id
    follow_up.version += 1
    follow_up.save()
    if follow_up.assignee_id != before:
        tell_assignee(follow_up, actor)
    return follow_up


@audited("follow_up.done")
def complete_follow_up(
    follow_up: FollowUp, *, actor: Actor, at: datetime, outcome: str = ""
) -> FollowUp:
    """Mark it done; doing so twice changes nothing."""
    follow_up = claim(follow_up, actor=actor, action="edit")
    if not follow_up.is_done:
        follow_up.done_at, follow_up.outcome = at, outcome.strip()[:500]
        follow_up.done_by = person(actor)
        settle("follow_up", follow_up)
        follow_up.version += 1
        follow_up.save()
    return follow_up


@audited("follow_up.reopened")
def reopen_follow_up(follow_up: FollowUp, *, actor: Actor, at: datetime) -> FollowUp:
    """Undo of `complete_follow_up`."""
    follow_up = claim(follow_up, actor=actor, action="edit")
    follow_up.done_at = follow_up.done_by = None
    follow_up.outcome = ""
    settle("follow_up", follow_up)
    follow_up.version += 1
    follow_up.save()
    return follow_up


@audited("follow_up.deleted")
def delete_follow_up(follow_up: FollowUp, *, actor: Actor, on: date) -> None:
    claim(follow_up, actor=actor, action="delete").delete()
