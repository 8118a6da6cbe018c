"""Who had a ticket from when until when: between departments the clock stays with whoever holds it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kezhi.core.actor import Actor
from kezhi.service.clocks.business_time import elapsed
from kezhi.service.clocks.calendars import Calendars
from kezhi.service.models import Ticket, TicketHolding


@dataclass(frozen=True, slots=True)
class Held:
    """One holder's share of a ticket's time, in the business hours of the holder's department."""

    person: str
    department: str
    from_at: datetime
    until_at: datetime | None
    time: timedelta


def follow(ticket: Ticket, actor: Actor, at: datetime) -> None:
    """Whoever has the ticket now holds it from now on; nobody holds what is settled."""
    rows = TicketHolding.objects.select_for_update().filter(ticket_id=ticket.pk)
    held = rows.filter(until_at__isnull=True).first()
    holder = (ticket.assignee_id, ticket.handling_department_id) if ticket.is_open else None
    if held is not None:
        if holder == (held.person_id, held.department_id):
            return
        held.until_at = max(at, held.from_at)
        held.save(update_fields=["until_at"])
    if holder is not None and holder != (None, None):
        TicketHolding.objects.create(
            ticket=ticket, person_id=holder[0], department_id=holder[1], from_at=at
        )


def state_set(ticket: Ticket, actor: Actor, at: datetime, before: str) -> None:
    follow(ticket, actor, at)


def held_by(ticket: Ticket, at: datetime, calendars: Calendars | None = None) -> list[Held]:
    """Everybody who had it, in order, with the business time that it lay with them."""
    calendars = calendars or Calendars()
    rows = ticket.holdings.select_related("person", "department").order_by("from_at", "pk")
    return [
        Held(
            row.person.name if row.person else "",
            row.department.name if row.department else "",
            row.from_at,
            row.until_at,
            elapsed(calendars.hours(calendars.of(row.department)), row.from_at, row.until_at or at),
        )
        for row in rows
    ]
