"""Who has a ticket before them just now, so that two don't answer at once; it lapses by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from kezhi.accounts.models import User
from kezhi.service.models import Ticket, TicketPresence

LASTS = timedelta(seconds=45)
MOST = 5


def come(ticket: Ticket, person: User, at: datetime, *, is_writing: bool = False) -> None:
    """The person has the ticket before them; told again every few seconds."""
    until = at + LASTS
    TicketPresence.objects.update_or_create(
        ticket=ticket, person=person, defaults={"until": until, "is_writing": is_writing}
    )


def leave(ticket: Ticket, person: User) -> None:
    """The answer is sent, or the page closed."""
    TicketPresence.objects.filter(ticket=ticket, person=person).delete()


def others(ticket: Ticket, person: User, at: datetime) -> list[TicketPresence]:
    """Colleagues who have the ticket before them, those who write first."""
    rows = TicketPresence.objects.filter(ticket=ticket, until__gt=at).exclude(person=person)
    return list(rows.select_related("person").order_by("-is_writing", "person__name_key")[:MOST])


def forget_lapsed(at: datetime) -> int:
    """Rows that nobody needs any more."""
    gone, _by_model = TicketPresence.objects.filter(until__lt=at).delete()
    return int(gone)
