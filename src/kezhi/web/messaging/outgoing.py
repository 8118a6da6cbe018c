"""The outbox: what is to leave, what left, what went wrong and what to do about it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kezhi.core.ids import LARGEST, record_id
from kezhi.customers.models import Customer
from kezhi.messaging import outbox, problems
from kezhi.messaging.models import Outgoing
from kezhi.records import registry
from kezhi.records.masking import masked
from kezhi.web.answering import done
from kezhi.web.messaging.mail_tabs import tabs_of
from kezhi.web.requests import PersonRequest, must_may

PAGE = 50
State = Outgoing.State
VIEWS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "": (pgettext_lazy("outgoing mail", "All"), ()),
    "trouble": (gettext_lazy("To look after"), (State.UNCERTAIN, State.FAILED)),
    "waiting": (pgettext_lazy("outgoing mail", "Waiting"), (State.WAITING, State.SENDING)),
    "sent": (pgettext_lazy("outgoing mail", "Sent"), (State.SENT,)),
    "dropped": (pgettext_lazy("outgoing mail", "Not sent"), (State.DROPPED,)),
}
TONES = {
    State.SENT: "good",
    State.UNCERTAIN: "warn",
    State.FAILED: "risk",
    State.DROPPED: "line",
}


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """`?view=` one of the states, `?before=` the next page."""
    must_may(request, "read", "mail")
    view = request.GET.get("view", "")
    view = view if view in VIEWS else ""
    rows = Outgoing.objects.visible_to(request.actor).select_related("account", "person")
    if states := VIEWS[view][1]:
        rows = rows.filter(state__in=states)
    before = record_id(request.GET.get("before", "")) or LARGEST
    rows = rows.defer("text", "html").filter(pk__lt=before).order_by("-pk")
    found = list(rows[: PAGE + 1])
    about = {
        "rows": [(row, shown_recipients(row, request)) for row in found[:PAGE]],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "view": view,
        "views": [
            {"label": label, "href": f"?view={name}" if name else "?", "current": name == view}
            for name, (label, _states) in VIEWS.items()
        ],
        "tones": TONES,
        "words_of": problems.words,
        "tabs": tabs_of(request, "outbox"),
    }
    return render(request, "messaging/outbox.html", about)


@require_safe
def show(request: PersonRequest, pk: int) -> HttpResponse:
    """One mail. Its text is for who wrote it and, of notices, for who got it; a letter's also for whoever sees
    it on the timeline."""
    rows = Outgoing.objects.visible_to(request.actor).select_related("account", "person")
    mail = get_object_or_404(rows, pk=pk)
    about = {
        "mail": mail,
        "recipients": shown_recipients(mail, request),
        "may_read": _may_read(mail, request),
        "may_settle": outbox.may_settle(mail, actor=request.actor),
        "customer": Customer.objects.visible_to(request.actor).filter(pk=mail.customer_id).first(),
        "customer_kind": registry["customer"],
        "files": list(mail.files.order_by("pk")),
        "tone": TONES.get(mail.state, ""),
        "problem": problems.words(mail.problem),
    }
    return render(request, "messaging/outgoing.html", about)


@require_POST
def again(request: PersonRequest, pk: int) -> HttpResponse:
    return _settled(request, pk, outbox.send_again, _("It is sent again."))


@require_POST
def arrival(request: PersonRequest, pk: int) -> HttpResponse:
    return _settled(request, pk, outbox.confirm_arrival, _("Noted: it arrived."))


@require_POST
def taking_back(request: PersonRequest, pk: int) -> HttpResponse:
    return _settled(request, pk, outbox.take_back, _("It isn’t sent."))


def shown_recipients(mail: Outgoing, request: PersonRequest) -> list[str]:
    """Colleagues by name; addresses of customers as far as the reader sees such."""
    if mail.person is not None:
        return [mail.person.name]
    addresses = [*mail.to, *mail.cc]
    if request.actor.sees("contact", "reach"):
        return addresses
    field = registry.declared("contact").field("email")
    return [masked(field, address) for address in addresses]


def _may_read(mail: Outgoing, request: PersonRequest) -> bool:
    if request.actor.pk in (mail.person_id, mail.owner_id):
        return True
    if mail.purpose != Outgoing.Purpose.LETTER or mail.about_kind not in registry:
        return False
    rows = registry[mail.about_kind].visible_to(request.actor)
    return bool(rows.filter(pk=mail.about_id).exists())


def _settled(request: PersonRequest, pk: int, deed: Any, told: str) -> HttpResponse:
    mail = get_object_or_404(Outgoing.objects.visible_to(request.actor), pk=pk)
    home = reverse("outgoing", args=[pk])
    return done(request, lambda: deed(mail, actor=request.actor, at=timezone.now()), told, home)
