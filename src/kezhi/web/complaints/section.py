"""The complaint on the page of its ticket: the steps under the heading, responsibility and cause beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kezhi.core.actor import Actor
from kezhi.records import registry
from kezhi.service.models import Complaint, Ticket
from kezhi.service.tickets import hooks
from kezhi.web.complaints import case, marks


def register() -> None:
    """Called once, when the addresses are read."""
    hooks.SECTIONS.append(hooks.Part("complaint", "complaints/_section.html", section, 10))
    hooks.PANELS.append(hooks.Part("complaint", "complaints/_panel.html", panel, 20))
    hooks.SECTIONS.append(hooks.Part("trouble", "complaints/_trouble.html", trouble, 5))


def section(ticket: Ticket, actor: Actor, at: datetime) -> Mapping[str, Any] | None:
    """The ten steps, and the way to the one that is due."""
    complaint = _of(ticket, actor)
    if complaint is None:
        return None
    return {
        "complaint": complaint,
        "steps": case.steps(complaint),
        "step": Complaint.Step(complaint.step),
        "may": case.may(complaint, actor),  # type: ignore[arg-type]
        "case_url": registry["complaint"].url_of(complaint),
    }


def panel(ticket: Ticket, actor: Actor, at: datetime) -> Mapping[str, Any] | None:
    """Responsibility and loss, what it is worth, cause and recurrence."""
    complaint = _of(ticket, actor)
    if complaint is None:
        return None
    about = case.about(complaint, actor)  # type: ignore[arg-type]
    return {**about, "brief": True, "case_url": registry["complaint"].url_of(complaint)}


def trouble(ticket: Ticket, actor: Actor, at: datetime) -> Mapping[str, Any] | None:
    """Other trouble of the customer: what this ticket itself is about stands in its heading."""
    if ticket.type in (Ticket.Type.COMPLAINT, Ticket.Type.FAULT) or ticket.customer_id is None:
        return None
    found = marks.trouble_of(ticket.customer_id)
    return {"trouble": found, "trouble_url": marks.list_url(ticket.customer_id)} if found else None


def _of(ticket: Ticket, actor: Actor) -> Complaint | None:
    if ticket.type != Ticket.Type.COMPLAINT or not actor.may("read", "complaint"):
        return None
    rows = Complaint.objects.visible_to(actor).select_related("customer", "cause", "ticket")
    found: Complaint | None = rows.filter(ticket=ticket).first()
    return found
