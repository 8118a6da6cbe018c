"""The settings of what is done to many tickets at once: a state, or a moment until which they rest."""

from __future__ import annotations

from typing import Any

from django.utils.dateformat import format as formatted
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.core.saying import Told
from kezhi.records import Kind
from kezhi.service.models import Ticket
from kezhi.service.tickets.changing import CHOSEN
from kezhi.web.records.bulk import SETTINGS, Asked
from kezhi.web.requests import PersonRequest, typed
from kezhi.web.service.page import moments_offered
from kezhi.web.service.working import LONGEST_SOLUTION, moment_typed

WAKE = "wake"


def register() -> None:
    """Called once, when the pages are ready."""
    SETTINGS["state"] = state
    SETTINGS["rest"] = rest


def state(request: PersonRequest, kind: Kind, asked: Asked) -> tuple[dict[str, Any], str]:
    """POST state, solution."""
    labels = {key: label for key, label in Ticket.State.choices if key in CHOSEN}
    chosen = request.POST.get("state", "")
    solution = typed(request, "solution", LONGEST_SOLUTION)
    asked.about = {
        "form": "service/_bulk_state.html",
        "states": [(key, label) for key, label in labels.items() if key != Ticket.State.NEW],
        "state": chosen,
        "solution": solution,
    }
    if chosen not in labels:
        asked.error = _("Choose the state from the list.")
        return {}, ""
    title = Told(
        gettext_lazy("%(kind)s set to “%(state)s”"), kind=kind.label_plural, state=labels[chosen]
    )
    return {"state": chosen, "solution": solution}, title


def rest(request: PersonRequest, kind: Kind, asked: Asked) -> tuple[dict[str, Any], str]:
    """POST until (a moment at the company's clock), else `soon`: one of the moments offered, or `wake`."""
    soon = request.POST.get("soon", "")
    until = moment_typed(request, "until") or moment_typed(request, "soon")
    asked.about = {
        "form": "service/_bulk_rest.html",
        "moments": [*moments_offered(request), (WAKE, _("Back in the queue now"))],
        "soon": soon,
        "until": request.POST.get("until", "")[:20],
    }
    if until is None and soon == WAKE:
        return {}, Told(gettext_lazy("%(kind)s taken back into the queue"), kind=kind.label_plural)
    if until is None:
        asked.error = _("Choose until when it rests.")
        return {}, ""
    when = formatted(until, "Y-m-d H:i")
    title = Told(gettext_lazy("%(kind)s rest until %(when)s"), kind=kind.label_plural, when=when)
    return {"until": until.isoformat()}, title
