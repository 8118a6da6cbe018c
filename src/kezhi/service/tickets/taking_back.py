"""Steps on a ticket taken back by who took them: its row comes back from what the database kept
(`workbench.undoing`), and what hangs on it follows. What left the house, such as a letter, isn’t taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.records.fields import Label
from kezhi.service.models import Ticket
from kezhi.service.tickets import hooks
from kezhi.service.tickets.happening import Happening, declare, happened
from kezhi.service.tickets.merging import part_ticket
from kezhi.workbench import undoing

STEPS: dict[str, Label] = {
    "state": gettext_lazy("the state"),
    "worker": gettext_lazy("who works on it"),
    "rest": gettext_lazy("the rest"),
    "part": gettext_lazy("the place among other tickets"),
    "entries": gettext_lazy("what was entered"),
}
_COLUMNS = {
    "state": "state",
    "assignee_id": "worker",
    "handling_department_id": "worker",
    "snoozed_until": "rest",
    "parent_id": "part",
}
# Of `hooks.ON_CHANGED`: the columns by which a field is told to be new.
_TOLD = {
    "type": "type",
    "priority": "priority",
    "customer_id": "customer",
    "contact_id": "contact",
    "product_id": "product",
    "order_id": "order",
    "subject": "subject",
    "cause": "cause",
}
BROUGHT = frozenset(
    {
        "complaint.begun",
        "complaint.voided",
        "need.answered",
        "need.edited",
        "need.passed_on",
        "need.reopened",
        "need.started",
    }
)

declare(
    "taken_back",
    Happening(gettext_lazy("%(who)s took back: %(what)s"), "undo", choices={"what": STEPS}),
)


@audited("ticket.taken_back")
def follow_taken_back(
    ticket: Ticket, was: Mapping[str, Any], *, actor: Actor, at: datetime
) -> Ticket:
    """The ticket is what it was before a step; `was` says what its columns held after it.

    Clocks that ended with the step run as if they had not; surveys that it planned aren't sent.
    """
    step = next((step for column, step in _COLUMNS.items() if column in was), "entries")
    note(step=step, columns=sorted(was))
    happened(ticket, "taken_back", actor=actor, at=at, what=step)
    if "state" in was:
        ended = was.get("solved_at") or was.get("closed_at")
        since = datetime.fromisoformat(ended) if ended else None
        for hear_back in hooks.ON_STATE_BACK:
            hear_back(ticket, at, str(was["state"]), since)
        for hear_state in hooks.ON_STATE:
            hear_state(ticket, actor, at, str(was["state"]))
    elif "snoozed_until" in was and ticket.snoozed_until is None:
        for hear_rest in hooks.ON_SNOOZED:
            hear_rest(ticket, actor, at, False)
    if not was.keys().isdisjoint({"assignee_id", "handling_department_id"}):
        for hear in hooks.ON_ASSIGNED:
            hear(ticket, actor, at)
    changed = frozenset(name for column, name in _TOLD.items() if column in was)
    if changed:
        for hear_changed in hooks.ON_CHANGED:
            hear_changed(ticket, actor, at, changed)
    return ticket


def may_take_back_hands(ticket: Ticket, actor: Actor) -> bool:
    """Whether the actor had the ticket, could take it, or gives tickets away: as it stands again now."""
    if not Ticket.objects.visible_to(actor, "edit").filter(pk=ticket.pk).exists():
        return False
    if ticket.assignee_id in (None, *actor.own_ids):
        return True
    return bool(Ticket.objects.visible_to(actor, "assign").filter(pk=ticket.pk).exists())


def register() -> None:
    """Which deeds on tickets are taken back, and how."""
    history = frozenset({"service_ticketentry"})
    step = undoing.Way(history, follow_taken_back, BROUGHT)
    hands = undoing.Way(history, follow_taken_back, BROUGHT, may_take_back_hands)
    undoing.WAYS |= {
        "ticket.state_set": step,
        "ticket.snoozed": step,
        "ticket.changed": step,
        "ticket.part_made": step,
        "ticket.part_released": step,
        "ticket.assigned": hands,
        "ticket.passed_on": hands,
        "ticket.routed": hands,
        "ticket.merged": undoing.Way(instead=part_ticket, brings=frozenset({"ticket.answered"})),
    }
    undoing.SELF_KEPT["service_ticket"] = frozenset({"due_at", "is_breached", "at_stake"})
