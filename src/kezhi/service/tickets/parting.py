"""A large matter in parts: one ticket above, and those that belong to it."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed
from kezhi.service.models import Ticket
from kezhi.service.tickets.changing import SETTLED, set_state
from kezhi.service.tickets.happening import Happening, declare, happened
from kezhi.service.tickets.opening import check_parent

SHOWN = 5

declare("part_of", Happening(gettext_lazy("%(who)s made it a part of %(to)s"), "layers"))
declare("no_part", Happening(gettext_lazy("%(who)s took it out of %(to)s"), "layers"))


@audited("ticket.part_made")
def make_part(ticket: Ticket, parent: Ticket, *, actor: Actor, at: datetime) -> Ticket:
    """`ticket` belongs to `parent` from now on."""
    ticket = claim(ticket, actor=actor, action="edit")
    if not Ticket.objects.visible_to(actor, "edit").filter(pk=parent.pk).exists():
        raise NotAllowed(_("Your role doesn’t change the ticket that this is to be part of."))
    ticket.parent = parent
    check_parent(ticket)
    note(parent=parent.pk)
    ticket.version += 1
    ticket.save()
    happened(ticket, "part_of", actor=actor, at=at, to=str(parent))
    return ticket


@audited("ticket.part_released")
def release_part(ticket: Ticket, *, actor: Actor, at: datetime) -> Ticket:
    """It stands by itself again."""
    ticket = claim(ticket, actor=actor, action="edit")
    if ticket.parent is not None:
        happened(ticket, "no_part", actor=actor, at=at, to=str(ticket.parent))
        ticket.parent = None
        ticket.version += 1
        ticket.save()
    return ticket


@audited("ticket.settled_with_parts")
def settle_with_parts(
    ticket: Ticket, state: str, *, actor: Actor, at: datetime, solution: str = ""
) -> Ticket:
    """Solve or close a ticket and the parts of it that are open, in one step or not at all."""
    claim(ticket, actor=actor, action="edit")
    if state in SETTLED:
        for part in ticket.children.filter(state__in=Ticket.OPEN_STATES).order_by("pk"):
            set_state(part, state, actor=actor, at=at, solution=solution)
    return set_state(ticket, state, actor=actor, at=at, solution=solution)


def open_parts(ticket: Ticket) -> str:
    """Why a ticket with open parts can't be closed by itself; asked by `hooks.MAY_CLOSE`."""
    numbers = list(
        ticket.children.filter(state__in=Ticket.OPEN_STATES)
        .order_by("pk")
        .values_list("number", flat=True)[: SHOWN + 1]
    )
    if not numbers:
        return ""
    shown = ", ".join(numbers[:SHOWN]) + ("…" if len(numbers) > SHOWN else "")
    return _("Parts of it are open: %(numbers)s. Settle them first, or with it.") % {
        "numbers": shown
    }
