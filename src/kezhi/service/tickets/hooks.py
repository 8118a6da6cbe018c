"""What the rest of service hears of a ticket, and what it adds to its page; each registers in its `ready`.

The callables are called within the deed's transaction, in the order in which they were registered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kezhi.core.actor import Actor
from kezhi.messaging.outbox import File
from kezhi.service.models import Ticket, TicketEntry

if TYPE_CHECKING:
    from kezhi.accounts.models import User

Told = Callable[[Ticket, Actor, datetime], None]
ToldOfEntry = Callable[[Ticket, TicketEntry, Actor, datetime], None]

# A ticket is there, with its first entry.
ON_OPENED: list[Told] = []
# The customer was written to, or told by telephone; the entry says how.
ON_ANSWERED: list[ToldOfEntry] = []
# The customer wrote again.
ON_RECEIVED: list[ToldOfEntry] = []
# `ticket.state` is new; the third argument is what it was before.
ON_STATE: list[Callable[[Ticket, Actor, datetime, str], None]] = []
# A new state was taken back: the state that is gone, and since when the ticket was settled, if it was. Told
# before ON_STATE is.
ON_STATE_BACK: list[Callable[[Ticket, datetime, str, datetime | None], None]] = []
# `ticket.merged_into` is the ticket that goes on.
ON_MERGED: list[Told] = []
# The merge with the ticket that is the second argument was taken back; the last one says when it had been done.
ON_PARTED: list[Callable[[Ticket, Ticket, Actor, datetime, datetime | None], None]] = []
# `ticket.assignee` or `ticket.handling_department` is new.
ON_ASSIGNED: list[Told] = []
# Type, priority, customer, product, order or cause is new: the names of what changed.
ON_CHANGED: list[Callable[[Ticket, Actor, datetime, frozenset[str]], None]] = []
# The ticket rests, or is back: the last argument says whether the customer wished it.
ON_SNOOZED: list[Callable[[Ticket, Actor, datetime, bool], None]] = []
# Why a ticket can't be solved or closed yet, asked before it is; empty when nothing stands against it.
MAY_CLOSE: list[Callable[[Ticket], str]] = []
# Called before a new ticket is saved, to fill in who works on it, as far as nobody said so: `assignee`,
# `handling_department`, `priority`, `skills`.
ROUTING: list[Told] = []


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes to the customer beside the words of the entry."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    author: User | None = None


# Carries an answer to the customer: returns whether it did. The first that does is enough; it puts the letter
# into `entry.outgoing_id` where there is one.
SENDERS: list[Callable[[Ticket, TicketEntry, Reply, Actor, datetime], bool]] = []
# To which addresses an answer to this ticket would go, and from which mailbox, told in words; empty: nowhere.
REACHED_BY: list[Callable[[Ticket, Actor], str]] = []


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the ticket's page: `context(ticket, actor, at)` gives what `template` shows, None nothing."""

    name: str
    template: str
    context: Callable[[Ticket, Actor, datetime], Mapping[str, Any] | None]
    order: int = 50


# In the right column, and under the heading of the page; by `order`.
PANELS: list[Part] = []
SECTIONS: list[Part] = []


def closing_obstacles(ticket: Ticket) -> list[str]:
    """Everything that stands against solving or closing this ticket."""
    return [reason for ask in MAY_CLOSE if (reason := ask(ticket))]
