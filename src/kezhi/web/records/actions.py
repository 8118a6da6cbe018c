"""What can be done with one record beside editing it, and what in its row deserves a colour.

A kind that has deeds of its own registers them here; lists and record pages offer them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from kezhi.core.actor import Actor
from kezhi.customers.models import FollowUp
from kezhi.service.models import Ticket


@dataclass(frozen=True)
class Action:
    """A POST to `url`."""

    label: str
    url: str
    icon: str


@dataclass(frozen=True)
class BulkAction:
    """A POST of the ticked rows' ids as `selected` to a page of its own, or of `all` with the list's query.

    `needs` is what the actor must be allowed: (action, kind).
    """

    label: str | Promise
    route: str
    icon: str
    needs: tuple[str, str]


def _follow_up_actions(follow_up: FollowUp) -> list[Action]:
    if follow_up.is_done:
        return [Action(_("Reopen"), reverse("follow-up-reopen", args=[follow_up.pk]), "undo")]
    done = pgettext("button", "Done")
    return [Action(done, reverse("follow-up-complete", args=[follow_up.pk]), "check")]


def _follow_up_tones(follow_up: FollowUp, on: date) -> dict[str, str]:
    if follow_up.is_done or follow_up.due_on > on:
        return {}
    return {"due_on": "risk" if follow_up.due_on < on else "warn"}


ACTIONS: dict[str, Callable[[Any], list[Action]]] = {"follow_up": _follow_up_actions}


def _ticket_tones(ticket: Ticket, on: date) -> dict[str, str]:
    """A promise that is missed or due today, and what can't wait."""
    tones = {}
    if ticket.is_open and ticket.due_at is not None:
        if ticket.is_breached:
            tones["due_at"] = "risk"
        elif timezone.localtime(ticket.due_at).date() <= on:
            tones["due_at"] = "warn"
    if ticket.is_open and ticket.priority >= Ticket.Priority.HIGH:
        tones["priority"] = "risk" if ticket.priority == Ticket.Priority.URGENT else "warn"
    return tones


TONES: dict[str, Callable[[Any, date], dict[str, str]]] = {
    "follow_up": _follow_up_tones,
    "ticket": _ticket_tones,
}
# By kind: the columns that its tones read. Of kinds that aren't named here whole records are fetched.
TONE_READS: dict[str, tuple[str, ...]] = {
    "ticket": ("state", "priority", "due_at", "is_breached"),
}


# Beside the verbs of `workbench.bulk_changing`, which every kind has.
BULK_ACTIONS: dict[str, list[BulkAction]] = {
    "customer": [
        BulkAction(gettext_lazy("Segment"), "segment-selection", "layers", ("create", "segment")),
    ]
}


def bulk_actions_of(kind_name: str, actor: Actor) -> list[BulkAction]:
    """Those that the person's role permits."""
    return [each for each in BULK_ACTIONS.get(kind_name, ()) if actor.may(*each.needs)]


def actions_of(kind_name: str, record: Any) -> list[Action]:
    """Offered to those who may edit the record."""
    offered = ACTIONS.get(kind_name)
    return offered(record) if offered else []


def tones_of(kind_name: str, record: Any, on: date) -> dict[str, str]:
    """Field name to `risk` or `warn`."""
    found = TONES.get(kind_name)
    return found(record, on) if found else {}
