"""The tabs above the pages of mail."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kezhi.web.requests import PersonRequest


def tabs_of(request: PersonRequest, current: str) -> list[dict[str, Any]]:
    places = [
        ("inbox", pgettext("mail", "Inbox"), "inbox", ("read", "mail")),
        ("outbox", pgettext("mail", "Outbox"), "outbox", ("read", "mail")),
        ("templates", pgettext("mail", "Templates"), "mail-templates", ("read", "mail_template")),
        ("mailboxes", _("Mailboxes"), "mailboxes", ("read", "mail")),
    ]
    return [
        {"label": label, "href": reverse(route), "current": name == current}
        for name, label, route, needs in places
        if request.actor.may(*needs)
    ]
