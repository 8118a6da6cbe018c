"""The open tickets as a board: a column for each state, a card for each ticket, dragged or moved by menu."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from kezhi.records import Condition, Kind
from kezhi.service.models import Ticket
from kezhi.web.records.access import of_kind
from kezhi.web.requests import PersonRequest
from kezhi.workbench.counting import GLANCE, count

SHOWN = 30
RECENT = timedelta(days=7)
COLUMNS = (Ticket.State.NEW, Ticket.State.OPEN, Ticket.State.WAITING, Ticket.State.SOLVED)


@dataclass(frozen=True, slots=True)
class Column:
    """A state with its first tickets, those with most at stake on top; `more` leads to the whole list."""

    state: str
    label: str
    tickets: list[Ticket]
    count: str
    more: str


@require_safe
@of_kind
def show(request: PersonRequest, kind: Kind) -> HttpResponse:
    """`?whose=`: mine, nobody, or everybody's that the person sees."""
    whose = request.GET.get("whose", "")
    whose = whose if whose in ("mine", "nobody") else ""
    columns = [_column(request, kind, state, whose) for state in COLUMNS]
    address = f"/{kind.address}/board/"
    about: dict[str, Any] = {
        "kind": kind,
        "columns": columns,
        "whose": whose,
        "address": request.get_full_path(),
        "states": [(column.state, column.label) for column in columns],
        "sees_value": request.actor.sees("ticket", "value"),
        "may_create": request.actor.may("create", "ticket"),
        "may_move": request.actor.may("edit", "ticket"),
        "choices": [
            {
                "label": label,
                "href": f"{address}?whose={name}" if name else address,
                "current": name == whose,
            }
            for name, label in (
                ("", pgettext("tickets", "Everybody’s")),
                ("mine", pgettext("tickets", "Mine")),
                ("nobody", pgettext("tickets", "Nobody’s")),
            )
        ],
        "now": timezone.now(),
        "none_here": _("None"),
    }
    return render(request, "service/board.html", about)


def _column(request: PersonRequest, kind: Kind, state: str, whose: str) -> Column:
    rows = Ticket.objects.visible_to(request.actor).filter(state=state)
    conditions = [Condition("state", "eq", state)]
    if state in Ticket.OPEN_STATES:
        rows = rows.filter(snoozed_until__isnull=True)
        conditions.append(Condition("snoozed_until", "empty"))
    else:
        rows = rows.filter(solved_at__gte=timezone.now() - RECENT)
        conditions.append(Condition("solved_at", "within", "7d"))
    if whose == "mine":
        rows = rows.filter(assignee_id__in=request.actor.own_ids)
        conditions.append(Condition("assignee", "in", "me"))
    elif whose == "nobody":
        rows = rows.filter(assignee__isnull=True)
        conditions.append(Condition("assignee", "empty"))
    order = (
        ("-at_stake", "-priority", "pk") if state in Ticket.OPEN_STATES else ("-solved_at", "-pk")
    )
    shown = list(rows.select_related("customer__standing", "assignee").order_by(*order)[:SHOWN])
    found = count(rows, GLANCE)
    label = str(Ticket.State(state).label)
    if state == Ticket.State.SOLVED:
        label = _("Solved in the last 7 days")
    more = kind.list_url(*conditions, view="all") if found.count > len(shown) else ""
    return Column(
        str(state), label, shown, f"{found.count:,}{'+' if found.is_capped else ''}", more
    )
