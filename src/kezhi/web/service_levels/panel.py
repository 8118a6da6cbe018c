"""The clocks on a ticket's page: the next one large, the promise in a sentence, the others as a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from kezhi.core.actor import Actor
from kezhi.customers.models.standing import Tier
from kezhi.service.clocks import holding, running
from kezhi.service.clocks.calendars import Calendars
from kezhi.service.models import Clock, Ticket
from kezhi.service.tickets import hooks

ORDER = {kind: number for number, kind in enumerate(Clock.Kind.values)}
MOST = 40


@dataclass(frozen=True, slots=True)
class Line:
    """One clock as the panel shows it."""

    clock: Clock
    spent: timedelta
    left: timedelta | None

    @property
    def tone(self) -> str:
        clock = self.clock
        if clock.is_breached:
            return "risk"
        if clock.state == Clock.State.DONE:
            return "good"
        return "warn" if clock.is_warned else ""

    @property
    def icon(self) -> str:
        if self.clock.is_breached:
            return "alert"
        return "check" if self.clock.state == Clock.State.DONE else "clock"

    @property
    def told(self) -> str:
        """How much has gone of how much; a day of business hours isn't a day."""
        gone = told_minutes(round(self.spent.total_seconds() / 60))
        return f"{gone} / {told_minutes(self.clock.promised_minutes)}"

    @property
    def percent(self) -> int:
        whole = self.clock.promised_minutes * 60
        return min(100, round(100 * self.spent.total_seconds() / whole))


def register() -> None:
    """The ticket's page shows them."""
    hooks.PANELS.append(hooks.Part("clocks", "service_levels/_clocks.html", clocks_of, 10))


def clocks_of(ticket: Ticket, actor: Actor, at: datetime) -> Mapping[str, Any] | None:
    """What the panel shows; nothing on a ticket that was never promised anything."""
    rows = ticket.clocks.exclude(state=Clock.State.STOPPED).select_related("calendar")
    calendars = Calendars()
    lines = [_line(clock, calendars, at) for clock in rows.order_by("started_at", "pk")[:MOST]]
    if not lines:
        return None
    going = [line for line in lines if line.clock.is_open]
    going.sort(key=lambda line: (line.clock.due_at is None, line.clock.due_at or at))
    first = going[0] if going else None
    held = holding.held_by(ticket, at, calendars)
    return {
        "first": first,
        "sentence": promised(first.clock) if first else "",
        "lines": sorted(
            (line for line in lines if line is not first),
            key=lambda line: (ORDER[line.clock.kind], line.clock.started_at),
        ),
        "held": held if len(held) > 1 else [],
        "ticket": ticket,
        "may_propose": any(line.clock.kind == Clock.Kind.PROPOSAL for line in going)
        and ticket.type != Ticket.Type.COMPLAINT
        and Ticket.objects.visible_to(actor, "edit").filter(pk=ticket.pk).exists(),
    }


def promised(clock: Clock) -> str:
    """The promise in a sentence, without its moment."""
    words = {
        "hours": told_minutes(clock.promised_minutes),
        "measure": clock.get_measure_display(),
        "tier": dict(Tier.choices).get(clock.tier, ""),
    }
    if clock.tier:
        return _("%(tier)s: %(hours)s, counted in %(measure)s") % words
    return _("%(hours)s, counted in %(measure)s") % words


def told_minutes(minutes: int) -> str:
    """`1:30` hours as people say them."""
    hours, rest = divmod(minutes, 60)
    if not rest:
        return _("%(hours)s h") % {"hours": hours}
    if not hours:
        return _("%(minutes)s min") % {"minutes": rest}
    return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}


def _line(clock: Clock, calendars: Calendars, at: datetime) -> Line:
    hours = running.hours_for(clock, calendars)
    spent = running.spent(clock, hours, clock.ended_at or at)
    left = clock.due_at - at if clock.due_at is not None and clock.is_open else None
    return Line(clock, spent, left)
