"""What is done to many tickets at once beside what every list offers: their state, and letting them rest.

Each goes through its own deed, so that what stands against closing one of them is said of that one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import pgettext_lazy

from kezhi.audit.recording import traced_by
from kezhi.core.actor import Actor
from kezhi.records import Kind
from kezhi.service.models import Ticket
from kezhi.service.tickets.changing import set_state
from kezhi.service.tickets.snoozing import snooze_ticket, wake_ticket
from kezhi.workbench import bulk_changing
from kezhi.workbench.bulk_changing import Verb


@traced_by("bulk.started")
def set_state_of(
    kind: Kind,
    ticket: Ticket,
    settings: Mapping[str, Any],
    *,
    actor: Actor,
    on: date,
    at: datetime,
) -> bool:
    """`settings`: state, and the solution that is noted on all of them; False: it was so already."""
    if ticket.state == settings["state"]:
        return False
    solution = settings.get("solution", "")
    set_state(ticket, settings["state"], actor=actor, at=at, solution=solution)
    return True


@traced_by("bulk.started")
def let_rest(
    kind: Kind,
    ticket: Ticket,
    settings: Mapping[str, Any],
    *,
    actor: Actor,
    on: date,
    at: datetime,
) -> bool:
    """`settings`: until, a moment in ISO 8601; without one they are back in the queue."""
    if not settings.get("until"):
        if ticket.snoozed_until is None:
            return False
        wake_ticket(ticket, actor=actor, at=at)
        return True
    until = datetime.fromisoformat(settings["until"])
    if ticket.snoozed_until == until:
        return False
    snooze_ticket(ticket, until, actor=actor, at=at)
    return True


STATE = Verb("state", pgettext_lazy("bulk", "Set the state"), "edit", set_state_of, ("ticket",))
REST = Verb("rest", pgettext_lazy("bulk", "Let rest"), "edit", let_rest, ("ticket",))


def register() -> None:
    bulk_changing.register(STATE)
    bulk_changing.register(REST)
