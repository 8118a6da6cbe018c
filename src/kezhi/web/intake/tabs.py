"""The tabs above the settings of how tickets come in, and what their forms share."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from kezhi.accounts.models import Department
from kezhi.core.ids import record_id
from kezhi.service.models import Ticket
from kezhi.web.requests import PersonRequest

PLACES = (
    ("mailboxes", "intake"),
    ("forms", "intake-forms"),
    ("rules", "intake-rules"),
    ("general", "intake-general"),
    ("letters", "intake-letters"),
)


def tabs_of(current: str) -> list[dict[str, Any]]:
    labels = {
        "mailboxes": _("Mailboxes"),
        "forms": _("Public forms"),
        "rules": _("Rules"),
        "general": _("Times and words"),
        "letters": _("Letters without a ticket"),
    }
    return [
        {"label": labels[name], "href": reverse(route), "current": name == current}
        for name, route in PLACES
    ]


def departments() -> list[tuple[str, str]]:
    rows = Department.objects.order_by("name").values_list("pk", "name")
    return [(str(pk), name) for pk, name in rows]


def department_of(request: PersonRequest) -> Department | None:
    chosen = record_id(request.POST.get("department", ""))
    found: Department | None = Department.objects.filter(pk=chosen).first() if chosen else None
    return found


def version_of(request: PersonRequest) -> int:
    given = request.POST.get("version", "")
    return int(given) if given.isdecimal() and len(given) < 10 else 0


def types() -> list[tuple[str, Any]]:
    return list(Ticket.Type.choices)


def priorities() -> list[tuple[str, Any]]:
    return [(str(key), label) for key, label in Ticket.Priority.choices]
